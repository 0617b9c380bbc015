//! Who may change the metadata, and where it is written.
