//! Limits that hold for the whole broker, each with its reason.
