//! `corelog-bench`: open-loop load for any broker that speaks the Kafka protocol, and what comes
//! of it: histograms, comparisons, reports. Stands on the wire codec and the record format, and
//! knows nothing of how a broker works inside.
//!
//! Order of the modules, lowest first; one sees only what stands above it.

pub mod clock;
pub mod executor;
pub mod machine;
pub mod measure;
pub mod workload;

pub mod load;
pub mod null;

pub mod report;

pub mod paths;

pub mod limits;

pub mod compare;

pub mod profile;

pub mod cli;
