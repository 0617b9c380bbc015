//! What a data disk can do, and the broker's settings that follow from it.
//!
//! `measure` writes, syncs and reads as the broker does and knows no setting; `choose` is the pure
//! way from figures to settings; `properties` is the file that the broker takes them from.

mod choose;
mod measure;
mod properties;
mod scratch;

pub use choose::{Choice, choose};
pub use measure::{Figures, Latency, Plan, Rate, measure};
pub use properties::properties;
pub use scratch::ROOM_MIN;
