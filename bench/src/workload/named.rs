//! Workloads by name: those that come with the program, and files.

use std::path::Path;

use super::workload::{Workload, WorkloadError};

/// Name and text of every workload that comes with the program.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("durable", include_str!("../../workloads/durable.toml")),
    ("page-cache", include_str!("../../workloads/page-cache.toml")),
    ("large-batches", include_str!("../../workloads/large-batches.toml")),
    ("small-batch", include_str!("../../workloads/small-batch.toml")),
    ("many-producers", include_str!("../../workloads/many-producers.toml")),
    ("idle-ack", include_str!("../../workloads/idle-ack.toml")),
    ("steady", include_str!("../../workloads/steady.toml")),
    ("end-to-end", include_str!("../../workloads/end-to-end.toml")),
    ("tail", include_str!("../../workloads/tail.toml")),
    ("fan-out", include_str!("../../workloads/fan-out.toml")),
    ("zstd", include_str!("../../workloads/zstd.toml")),
    ("lz4", include_str!("../../workloads/lz4.toml")),
    ("connections", include_str!("../../workloads/connections.toml")),
];

/// The workload `name` (a built-in one, or a TOML file), with overrides of the form `field=value`.
///
/// # Errors
/// [`WorkloadError`].
pub fn find(name: &str, overrides: &[String]) -> Result<Workload, WorkloadError> {
    if let Some((_, text)) = BUILT_IN.iter().find(|(known, _)| *known == name) {
        return Workload::read(name, text, overrides);
    }
    if !Path::new(name).is_file() {
        return Err(WorkloadError::Unknown(name.to_owned()));
    }
    let text = std::fs::read_to_string(name)
        .map_err(|source| WorkloadError::File { path: name.to_owned(), source })?;
    Workload::read(name, &text, overrides)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_workload_is_valid_and_says_what_it_is_for() {
        for (name, _) in BUILT_IN {
            let workload = find(name, &[]).unwrap();
            assert!(!workload.description.is_empty(), "{name}");
        }
        assert!(find("nothing", &[]).unwrap_err().to_string().contains("no workload `nothing`"));
    }
}
