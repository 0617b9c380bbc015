//! The wire: the Kafka protocol both ways, listeners, handlers and the `corelog` command.

pub mod admission;
pub mod api;
pub mod cli;
pub mod client;
pub mod connection;
pub mod dispatch;
pub mod governor;
pub mod http;
pub mod in_flight;
pub mod input;
pub mod journey;
pub mod listener;
pub mod memory;
pub mod response;
pub mod serve;
pub mod sizing;
pub mod wire;
