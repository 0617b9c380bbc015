//! What is made of an outcome, in forms that people and their tools know.
//!
//! | file | one idea |
//! |---|---|
//! | `perf_test` | the summary lines of Kafka's own tools |
//! | `saved` | a run as it is kept: plain data, from which every page can be made again |
//! | `openmessaging` | the result file of the OpenMessaging Benchmark |
//! | `hdr_log` | the log of HdrHistogram |
//! | `chart` | a chart as inline SVG |
//! | `page` | one self-contained HTML page |
//! | `folder` | all of it in one folder |

mod chart;
mod folder;
mod hdr_log;
mod openmessaging;
mod page;
mod perf_test;
mod saved;

pub use chart::{Chart, Line, Scale};
pub use folder::{read_runs, write_run};
pub use page::{Page, escape};
pub use perf_test::{consumer_lines, end_to_end_lines, perf_test_line};
pub use saved::{Curve, Saved, SavedSecond};
