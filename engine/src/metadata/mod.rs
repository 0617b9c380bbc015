//! What the cluster agreed on: plain data and pure functions.
