//! The list of hot paths.

use super::{fetch, hop, produce, record};

/// Does the work of a path once.
pub type Operation = Box<dyn FnMut()>;

/// A hot path.
#[derive(Debug, Clone, Copy)]
pub struct Path {
    /// Its name: what it is about, a slash, and which.
    pub name: &'static str,
    /// Everything that is made once and not counted.
    pub prepare: fn() -> anyhow::Result<Operation>,
}

const fn path(name: &'static str, prepare: fn() -> anyhow::Result<Operation>) -> Path {
    Path { name, prepare }
}

/// All of them. A request has 16 partitions unless its name says otherwise.
pub const PATHS: &[Path] = &[
    path("produce/decode", produce::decode),
    path("produce/without-storage", produce::without_storage),
    path("produce/encode-answer", produce::encode),
    path("fetch/decode", fetch::decode),
    path("fetch/encode-answer", fetch::encode),
    path("batch/crc-1KiB", record::crc_small),
    path("batch/crc-64KiB", record::crc),
    path("batch/check-64KiB", record::check),
    path("batch/stamp", record::stamp_batch),
    path("batch/records-64KiB", record::walk),
    path("batch/build-64KiB", record::build),
    path("batch/sequence-check", record::sequence),
    path("mesh/hop", hop::hop),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_can_be_done_again_and_again() {
        for path in PATHS {
            let mut operation = (path.prepare)().unwrap();
            (0..3).for_each(|_| operation());
        }
        let names: std::collections::BTreeSet<&str> = PATHS.iter().map(|path| path.name).collect();
        assert_eq!(names.len(), PATHS.len());
    }
}
