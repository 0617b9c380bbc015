//! A broker that keeps nothing and answers at once: what the client itself can do on this machine.
//!
//! | file | one idea |
//! |---|---|
//! | `serve` | accepting, and one thread per connection |
//! | `answer` | the answer to each request |
//! | `records` | the records that every partition seems to hold |

mod answer;
mod records;
mod serve;

pub use serve::{NullSettings, serve};
