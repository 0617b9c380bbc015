//! The only way to change a log, and what makes changes durable.
