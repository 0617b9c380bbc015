//! Brokers side by side on one machine: the same client, the same kind of folder, the same page
//! cache regime, rounds that take turns.
//!
//! | file | one idea |
//! |---|---|
//! | `settings` | what is compared, and how long |
//! | `broker` | one broker under test: started, stopped, killed, started again |
//! | `profile` | what the broker did during a load whose target was missed |
//! | `ceiling` | what the client itself can do |
//! | `bare` | what the disk itself lets anybody promise |
//! | `meter` | a load, and what it cost the broker and the disk |
//! | `figures` | what all rounds gave, by broker and name |
//! | `turn` | one broker's turn of one round: the list of its steps |
//! | `produce`, `latency`, `fetch`, `memory`, `start` | the steps, by subject |
//! | `goals` | the rows of the goal table: figure, unit, targets |
//! | `verdict` | rows judged: medians, ranges, each target met or missed |
//! | `limits` | what the machine allows, as measured by itself |
//! | `run` | all rounds, and the results |
//! | `output` | the results as text, page and raw data |

mod bare;
mod broker;
mod ceiling;
mod fetch;
mod figures;
mod goals;
mod latency;
mod limits;
mod memory;
mod meter;
mod output;
mod produce;
mod profile;
mod run;
mod settings;
mod start;
mod turn;
mod verdict;

pub use broker::Broker;
pub use run::run;
pub use settings::{Lengths, Peer, Settings};
