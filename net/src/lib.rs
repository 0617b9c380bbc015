//! The wire: the Kafka protocol both ways, listeners, handlers and the `corelog` command.
pub mod wire;
