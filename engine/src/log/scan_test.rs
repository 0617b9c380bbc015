//! Walks over whole, torn and damaged files.
