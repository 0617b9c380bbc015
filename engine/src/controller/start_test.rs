//! Starts: whose log dirs these are, what is formatted, what is taken over, what is refused.

use std::path::Path;
use std::sync::Arc;

use crate::config::{BrokerConfig, Given};
use crate::controller::*;
use crate::metadata::{Image, uuid_text};
use crate::runtime::{ScratchDir, run_here};

const METADATA_LOG: &[u8] = include_bytes!("import/fixture/00000000000000000000.log");
const CHECKPOINT: &[u8] =
    include_bytes!("import/fixture/00000000000000000173-0000000001.checkpoint");
const CLUSTER: &str = "4L6g3nShT-eMCtK--X86sw";

fn config(dirs: &[&Path], overrides: &[&str]) -> Arc<BrokerConfig> {
    let mut given = Given::default();
    let dirs: Vec<String> = dirs.iter().map(|dir| dir.display().to_string()).collect();
    given.put(&format!("log.dirs={}", dirs.join(","))).unwrap();
    overrides.iter().for_each(|text| given.put(text).unwrap());
    Arc::new(BrokerConfig::load(given).unwrap().config)
}

fn by_hand(dirs: &[&Path]) -> Arc<BrokerConfig> {
    config(dirs, &["corelog.auto.format=false"])
}

fn start(config: &Arc<BrokerConfig>) -> Result<(Arc<Image>, Option<ImportReport>), String> {
    run_here(async {
        let started = start_controller(config.clone()).await.map_err(|error| error.to_string())?;
        Ok((started.handle.image(), started.import))
    })
}

fn refused(config: &Arc<BrokerConfig>) -> String {
    start(config).unwrap_err()
}

fn format(config: &Arc<BrokerConfig>, cluster: &str, ignore: bool) -> Result<usize, String> {
    let formatted = run_here(format_log_dirs(config, cluster, ignore));
    formatted.map(|dirs| dirs.formatted.len()).map_err(|error| error.to_string())
}

/// What Apache Kafka left in two log dirs; see `import/import_test.rs`.
fn kafka(first: &Path, second: &Path) {
    let metadata = first.join("__cluster_metadata-0");
    std::fs::create_dir(&metadata).unwrap();
    std::fs::write(metadata.join("00000000000000000000.log"), METADATA_LOG).unwrap();
    let checkpoint = "00000000000000000173-0000000001.checkpoint";
    std::fs::write(metadata.join(checkpoint), CHECKPOINT).unwrap();
    for (dir, id) in [(first, "uS3C3ACY62HFvRGmbnsOwQ"), (second, "9u-gZzxXdYoMn3Sul3-nrw")] {
        let meta = format!(
            "#\n#Sat Nov 21 06:32:22 UTC 2026\nnode.id=1\ndirectory.id={id}\nversion=1\n\
             cluster.id={CLUSTER}\n"
        );
        std::fs::write(dir.join(META_PROPERTIES), meta).unwrap();
    }
    std::fs::create_dir(first.join("plain-1")).unwrap();
    std::fs::create_dir(second.join("plain-0")).unwrap();
}

#[test]
fn an_empty_log_dir_is_formatted_and_stays_itself() {
    let root = ScratchDir::new();
    let (first, second) = (root.path().join("a/b"), root.path().join("c"));
    let config = config(&[&first, &second], &[]);
    let cluster = start(&config).unwrap().0.cluster_id.clone();
    assert_eq!(cluster.len(), 22);
    assert!(first.join(META_PROPERTIES).exists() && first.join(LOG_FILE).exists());
    assert!(second.join(META_PROPERTIES).exists() && !second.join(LOG_FILE).exists());
    assert_eq!(start(&config).unwrap().0.cluster_id, cluster);
}

#[test]
fn nothing_is_formatted_unless_it_may_be() {
    let root = ScratchDir::new();
    let message = refused(&by_hand(&[root.path()]));
    assert!(message.starts_with("No `meta.properties` found in /"), "{message}");
    assert!(refused(&by_hand(&[&root.path().join("absent")])).contains("absent"));
    assert!(!root.path().join("absent").exists());
}

#[test]
fn log_dirs_are_formatted_for_the_cluster_that_the_environment_names() {
    let root = ScratchDir::new();
    let named = |id: &str, overrides: &[&str]| {
        let mut given = config(&[root.path()], overrides).given.clone();
        given.has_file = true;
        given.cluster_id = Some(id.to_string());
        Arc::new(BrokerConfig::load(given).unwrap().config)
    };
    let forbidden = refused(&named(CLUSTER, &["corelog.auto.format=false"]));
    assert!(forbidden.starts_with("No `meta.properties` found in /"), "{forbidden}");
    assert_eq!(&*start(&named(CLUSTER, &[])).unwrap().0.cluster_id, CLUSTER);
    assert_eq!(&*start(&named(CLUSTER, &[])).unwrap().0.cluster_id, CLUSTER);
    let other = refused(&named("other", &[]));
    assert!(other.ends_with(&format!("Expected other, but read {CLUSTER}")), "{other}");
}

#[test]
fn the_format_command_formats_once() {
    let (first, second) = (ScratchDir::new(), ScratchDir::new());
    let one = by_hand(&[first.path()]);
    assert_eq!(format(&one, CLUSTER, false), Ok(1));
    let path = first.path().display();
    let already = format!(
        "Log directory {path} is already formatted. Use --ignore-formatted to ignore this \
         directory and format the others."
    );
    assert_eq!(format(&one, CLUSTER, false), Err(already));
    assert_eq!(format(&one, CLUSTER, true), Ok(0));
    assert_eq!(format(&by_hand(&[first.path(), second.path()]), CLUSTER, true), Ok(1));
    let other = format!(
        "Invalid cluster.id in: {path}/meta.properties. Expected other, but read {CLUSTER}"
    );
    assert_eq!(format(&one, "other", true), Err(other));
    assert_eq!(&*start(&one).unwrap().0.cluster_id, CLUSTER);
}

#[test]
fn log_dirs_that_do_not_belong_together_are_refused() {
    let (first, second) = (ScratchDir::new(), ScratchDir::new());
    format(&by_hand(&[first.path()]), CLUSTER, false).unwrap();
    format(&by_hand(&[second.path()]), "other", false).unwrap();
    let both = by_hand(&[first.path(), second.path()]);
    assert!(refused(&both).starts_with("Invalid cluster.id in: "));
    std::fs::copy(first.path().join(META_PROPERTIES), second.path().join(META_PROPERTIES)).unwrap();
    assert!(refused(&both).starts_with("Duplicate directory ID found"));
    let node = config(&[first.path()], &["node.id=2"]);
    assert!(refused(&node).starts_with("Stored node id 1 doesn't match previous node id 2 in "));
    let empty = ScratchDir::new();
    let swapped = config(&[empty.path(), first.path()], &[]);
    let message = refused(&swapped);
    assert!(message.contains("/corelog.metadata is missing: this first log dir is empty"));
    assert!(!empty.path().join(META_PROPERTIES).exists());
}

#[test]
fn a_log_dir_that_is_in_use_is_refused() {
    let dir = ScratchDir::new();
    let config = config(&[dir.path()], &[]);
    let message = run_here(async {
        let first = start_controller(config.clone()).await.unwrap();
        let second = start_controller(config.clone()).await.unwrap_err().to_string();
        drop(first);
        second
    });
    assert!(message.starts_with("Failed to acquire lock on file .lock in /"), "{message}");
    assert!(start(&config).is_ok());
}

#[test]
fn missing_and_damaged_files_of_a_used_log_dir_are_named() {
    let dir = ScratchDir::new();
    let config = config(&[dir.path()], &[]);
    start(&config).unwrap();
    std::fs::create_dir(dir.path().join("t-0")).unwrap();
    let (meta, log) = (dir.path().join(META_PROPERTIES), dir.path().join(LOG_FILE));
    let (meta_bytes, log_bytes) = (std::fs::read(&meta).unwrap(), std::fs::read(&log).unwrap());

    std::fs::remove_file(&meta).unwrap();
    let message =
        format!("{} is missing, although the log dir is not empty: it holds `t-0`", meta.display());
    assert_eq!(refused(&config), message);
    std::fs::write(&meta, "node.id=1\nversion=1\n").unwrap();
    assert_eq!(refused(&config), format!("{}: cluster.id was not found", meta.display()));
    std::fs::write(&meta, &meta_bytes).unwrap();

    std::fs::remove_file(&log).unwrap();
    let at = |why: &str| format!("{}/{LOG_FILE}, position 0: {why}", dir.path().display());
    assert_eq!(refused(&config), at("the file is missing"));
    std::fs::write(&log, b"").unwrap();
    assert_eq!(refused(&config), at("the file is empty; it is never written like that"));
    std::fs::write(&log, &log_bytes[1..]).unwrap();
    assert_eq!(refused(&config), at("the first frame is damaged"));
    std::fs::write(&log, &log_bytes).unwrap();
    assert!(start(&config).is_ok());
}

#[test]
fn a_format_that_a_power_cut_stopped_is_done_again() {
    let dir = ScratchDir::new();
    let config = config(&[dir.path()], &[]);
    start(&config).unwrap();
    // The order of a format: the metadata log, then meta.properties; each by way of a draft.
    std::fs::remove_file(dir.path().join(META_PROPERTIES)).unwrap();
    assert!(start(&config).is_ok());
    for name in [META_PROPERTIES, LOG_FILE] {
        std::fs::remove_file(dir.path().join(name)).unwrap();
    }
    for draft in ["corelog.metadata.tmp", "meta.properties.tmp"] {
        std::fs::write(dir.path().join(draft), b"half").unwrap();
    }
    std::fs::create_dir(dir.path().join("lost+found")).unwrap();
    assert!(start(&config).is_ok());
}

#[test]
fn a_directory_of_kafka_is_taken_over_once() {
    let (first, second) = (ScratchDir::new(), ScratchDir::new());
    kafka(first.path(), second.path());
    let config = by_hand(&[first.path(), second.path()]);
    let (image, report) = start(&config).unwrap();
    let report = report.unwrap();
    assert_eq!((report.topics, report.partitions), (5, 11));
    assert_eq!(&*image.cluster_id, CLUSTER);
    assert_eq!(uuid_text(image.topic("plain").unwrap().id), "bb-ioFpiSrmthIQOKz6pgA");
    assert_eq!(image.topic("altered").unwrap().config.retention_ms, Some(7000));
    for name in ["compacted", "__consumer_offsets", "plain"] {
        let topic = image.topic(name).unwrap();
        assert!(topic.imported_unsupported.is_none(), "{name}");
        assert_eq!(topic.config.cleanup_policy.compacts(), name != "plain", "{name}");
    }

    let (again, report) = start(&config).unwrap();
    assert_eq!((again, report), (image, None));
    // What Kafka left is older than our log, and never stands in for it.
    std::fs::remove_file(first.path().join(LOG_FILE)).unwrap();
    assert!(refused(&config).ends_with("corelog.metadata, position 0: the file is missing"));
}

#[test]
fn a_take_over_that_a_power_cut_stopped_is_not_done_twice() {
    let (first, second) = (ScratchDir::new(), ScratchDir::new());
    kafka(first.path(), second.path());
    let meta = std::fs::read(first.path().join(META_PROPERTIES)).unwrap();
    let config = by_hand(&[first.path(), second.path()]);
    let (image, _) = start(&config).unwrap();
    // Before the line of ours was written: the log is there, so it is taken.
    std::fs::write(first.path().join(META_PROPERTIES), meta).unwrap();
    assert_eq!(start(&config).unwrap(), (image, None));
    std::fs::remove_file(first.path().join(LOG_FILE)).unwrap();
    assert!(refused(&config).ends_with("the file is missing"));
}

#[test]
fn a_log_dir_with_partitions_that_is_not_configured_is_refused() {
    let (first, second) = (ScratchDir::new(), ScratchDir::new());
    kafka(first.path(), second.path());
    start(&by_hand(&[first.path(), second.path()])).unwrap();
    let message = refused(&by_hand(&[first.path()]));
    assert!(message.starts_with("log dir 9u-gZzxXdYoMn3Sul3-nrw is none of `log.dirs`"));
}

#[test]
fn used_directories_of_kafka_without_metadata_are_refused() {
    let (first, second) = (ScratchDir::new(), ScratchDir::new());
    kafka(first.path(), second.path());
    std::fs::remove_dir_all(first.path().join("__cluster_metadata-0")).unwrap();
    std::fs::write(first.path().join("bootstrap.checkpoint"), b"").unwrap();
    let message = refused(&by_hand(&[first.path(), second.path()]));
    assert!(message.ends_with("corelog.metadata, position 0: the file is missing"), "{message}");
}

#[test]
fn info_says_what_is_there_in_kafkas_words() {
    let (first, root) = (ScratchDir::new(), ScratchDir::new());
    format(&by_hand(&[first.path()]), CLUSTER, false).unwrap();
    let told = |dirs: &[&Path]| run_here(describe_log_dirs(&by_hand(dirs))).to_string();
    let text = told(&[first.path()]);
    let path = first.path().display();
    let start = format!(
        "Found log directory:\n  {path}\n\nFound metadata: {{cluster.id={CLUSTER}, \
         corelog.metadata=true, directory.id="
    );
    assert!(text.starts_with(&start) && text.ends_with(", node.id=1, version=1}\n\n"), "{text}");
    let absent = root.path().join("absent");
    let expected = format!(
        "Found log directory:\n  {0}\n\nFound problems:\n  {0} is not formatted.\n  {1} does not \
         exist\n\n",
        root.path().display(),
        absent.display()
    );
    assert_eq!(told(&[&absent, root.path()]), expected);
}
