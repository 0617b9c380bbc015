//! What the tests about source code share: finding files, blanking out comments and strings.

mod files;
mod strip;

pub use files::{SourceFile, rust_files};
pub use strip::strip;
