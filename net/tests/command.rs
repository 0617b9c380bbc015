//! The `corelog` command as a process: exit codes, what it says, and its look into a log's files.
//! What needs a broker is tested with one.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::process::{Command, Output};

use corelog_engine::record::{BatchBuilder, BatchHeader, Codec, stamp};

fn corelog(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_corelog")).args(arguments).output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn printed(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// A batch of two records at `offset`, as a leader of epoch 3 writes it.
fn batch(offset: i64, codec: Codec) -> Vec<u8> {
    let mut builder = BatchBuilder::new(codec);
    builder.push(1_000 + offset, Some(b"k"), Some(b"first"));
    builder.push_with_headers(1_001 + offset, None, None, &[("h", Some(b"x"))]);
    let mut bytes = builder.finish().unwrap();
    stamp(&mut bytes, offset, 3, None);
    bytes.to_vec()
}

struct Segment {
    folder: tempfile::TempDir,
}

impl Segment {
    /// Two batches, and indexes with an entry for the second one.
    fn new() -> Segment {
        let segment = Segment { folder: tempfile::tempdir().unwrap() };
        let mut log = batch(40, Codec::None);
        let second = u32::try_from(log.len()).unwrap();
        log.extend(batch(42, Codec::Zstd));
        segment.write("log", &log);
        let last = 3_u32.to_be_bytes();
        segment.write("index", &[last, second.to_be_bytes(), [0; 4], [0; 4]].concat());
        segment.write("timeindex", &[&1_043_i64.to_be_bytes()[..], &last, &[0; 12]].concat());
        segment
    }

    fn path(&self, extension: &str) -> String {
        let name = format!("00000000000000000040.{extension}");
        self.folder.path().join(name).display().to_string()
    }

    fn write(&self, extension: &str, content: &[u8]) {
        std::fs::write(self.path(extension), content).unwrap();
    }
}

#[test]
fn the_file_of_measured_settings_is_read_and_checked() {
    let folder = tempfile::tempdir().unwrap();
    let named = folder.path().join("io.properties").display().to_string();
    let measured = format!("corelog.io.properties.file={named}");
    let look = || corelog(&["storage", "info", "--override", &measured]);

    assert_eq!(code(&look()), 1);
    assert!(said(&look()).starts_with(&format!("error: cannot read {named}: ")));

    std::fs::write(&named, "corelog.syncs.in.flight=many\n").unwrap();
    assert_eq!(code(&look()), 1);
    assert!(said(&look()).contains("`many` for corelog.syncs.in.flight"), "{}", said(&look()));

    std::fs::write(&named, "log.dirs=/srv\n").unwrap();
    assert!(said(&look()).contains("log.dirs stands in"), "{}", said(&look()));
}

#[test]
fn calling_it_wrongly_exits_2_and_help_exits_0() {
    assert_eq!(code(&corelog(&["--help"])), 0);
    for wrong in [&["nonsense"][..], &["topic"], &["topic", "create"], &["log", "dump"]] {
        assert_eq!(code(&corelog(wrong)), 2, "{wrong:?}");
    }
    for wrong in [
        &["group"][..],
        &["group", "describe"],
        &["group", "describe", "g", "--members", "--state"],
        &["group", "reset-offsets", "g", "--all-topics"],
        &["group", "reset-offsets", "g", "--all-topics", "--to-latest", "--to-offset", "7"],
        &["group", "reset-offsets", "g", "--all-topics", "--to-datetime", "yesterday"],
        &["group", "seek", "g"],
        &["consume", "t", "--group", "g", "--partition", "0"],
    ] {
        assert_eq!(code(&corelog(wrong)), 2, "{wrong:?}");
    }
    let both = corelog(&["topic", "delete", "a", "--topic", "b"]);
    assert_eq!(code(&both), 2);
}

#[test]
fn a_bad_setting_exits_1_and_says_in_one_line_what_is_valid() {
    let output = corelog(&["serve", "--override", "num.partitions=none"]);
    assert_eq!(code(&output), 1);
    assert_eq!(
        said(&output),
        "error: invalid value `none` for num.partitions: valid is a whole number from 1 to \
         2147483647\n"
    );
    let output = corelog(&["serve", "/nowhere/server.properties"]);
    assert_eq!(code(&output), 1);
    assert!(said(&output).starts_with("error: cannot read /nowhere/server.properties: "));
}

#[test]
fn a_cluster_id_is_22_characters() {
    let output = corelog(&["storage", "random-uuid"]);
    assert_eq!((code(&output), printed(&output).trim_end().len()), (0, 22));
}

#[test]
fn log_dirs_are_formatted_once_and_described() {
    let folder = tempfile::tempdir().unwrap();
    let dir = |name: &str| folder.path().join(name).display().to_string();
    let (a, b) = (dir("a"), dir("b"));
    let dirs = format!("log.dirs={a},{b}");
    let of =
        |words: &[&str]| corelog(&[&["storage"], words, &["--override", dirs.as_str()]].concat());
    let output = of(&["info"]);
    assert_eq!(code(&output), 1);
    assert_eq!(
        printed(&output),
        format!("Found problems:\n  {a} does not exist\n  {b} does not exist\n\n")
    );
    let output = of(&["format", "-t", "ASNFZ4mrze___________w"]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    assert_eq!(
        printed(&output),
        format!(
            "Formatting metadata directory {a} with cluster.id ASNFZ4mrze___________w.\n\
             Formatting data directory {b} with cluster.id ASNFZ4mrze___________w.\n"
        )
    );
    let output = of(&["info"]);
    assert_eq!(code(&output), 0);
    let found = format!(
        "Found log directories:\n  {a}\n  {b}\n\n\
         Found metadata: {{cluster.id=ASNFZ4mrze___________w, "
    );
    assert!(printed(&output).starts_with(&found), "{}", printed(&output));
    let again = of(&["format", "-t", "ASNFZ4mrze___________w"]);
    assert_eq!(code(&again), 1);
    assert!(said(&again).contains("is already formatted. Use --ignore-formatted"));
    let again = of(&["format", "-t", "ASNFZ4mrze___________w", "--ignore-formatted"]);
    assert_eq!(printed(&again), "All of the log directories are already formatted.\n");
    let other = of(&["format", "-t", "AAAAAAAAAAAAAAAAAAAAAQ", "--ignore-formatted"]);
    assert_eq!(code(&other), 1);
    assert!(said(&other).contains("Invalid cluster.id in: "), "{}", said(&other));
}

#[test]
fn nobody_listening_is_said_with_the_address() {
    let output = corelog(&["topic", "list", "--bootstrap-server", "127.0.0.1:1"]);
    assert_eq!(code(&output), 1);
    assert!(said(&output).starts_with("error: cannot connect to 127.0.0.1:1: "));
}

#[test]
fn a_segment_is_dumped_in_kafkas_lines() {
    let segment = Segment::new();
    let output = corelog(&["log", "dump", "--print-data-log", &segment.path("log")]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    let header = BatchHeader::parse(&batch(40, Codec::None)).unwrap();
    let text = printed(&output);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[1], "Log starting offset: 40");
    assert_eq!(
        lines[2],
        format!(
            "baseOffset: 40 lastOffset: 41 count: 2 baseSequence: -1 lastSequence: -1 producerId: \
             -1 producerEpoch: -1 partitionLeaderEpoch: 3 isTransactional: false isControl: false \
             deleteHorizonMs: OptionalLong.empty position: 0 CreateTime: 1041 size: {} magic: 2 \
             compresscodec: none crc: {} isvalid: true",
            header.size_in_bytes(),
            header.crc
        )
    );
    assert_eq!(
        lines[3],
        "| offset: 40 CreateTime: 1040 keySize: 1 valueSize: 5 sequence: -1 headerKeys: [] key: k \
         payload: first"
    );
    assert_eq!(
        lines[4],
        "| offset: 41 CreateTime: 1041 keySize: -1 valueSize: -1 sequence: -1 headerKeys: [h]"
    );
    assert_eq!(lines.len(), 8);
}

#[test]
fn indexes_are_held_against_the_log_beside_them() {
    let segment = Segment::new();
    let files = [segment.path("index"), segment.path("timeindex")];
    let output = corelog(&["log", "dump", &files[0], &files[1]]);
    assert_eq!(code(&output), 0, "{}", printed(&output));
    let second = batch(40, Codec::None).len();
    assert!(printed(&output).contains(&format!("offset: 43 position: {second}\n")));
    assert!(printed(&output).contains("timestamp: 1043 offset: 43\n"));
    segment.write("index", &[2_u32.to_be_bytes(), (second as u32).to_be_bytes()].concat());
    let output = corelog(&["log", "dump", &files[0]]);
    assert_eq!(code(&output), 1);
    assert!(printed(&output).ends_with("Index offset: 42, log offset: 43\n"));
    assert_eq!(said(&output), "error: 1 fault found\n");
}

#[test]
fn damage_in_a_log_fails_the_dump() {
    let segment = Segment::new();
    let mut log = std::fs::read(segment.path("log")).unwrap();
    let at = batch(40, Codec::None).len() - 1;
    log[at] ^= 1;
    log.extend([0; 5]);
    segment.write("log", &log);
    let output = corelog(&["log", "dump", "--deep-iteration", &segment.path("log")]);
    assert_eq!(code(&output), 1);
    assert_eq!(printed(&output).matches("isvalid: false").count(), 1);
    assert!(printed(&output).contains("Found 5 invalid bytes at the end of "));
    assert_eq!(said(&output), "error: 2 faults found\n");
}

#[test]
fn small_files_are_read_and_their_faults_found() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    };
    let epochs = file("leader-epoch-checkpoint", b"0\n2\n0 0\n4 17\n");
    let output = corelog(&["log", "dump", &epochs]);
    assert_eq!(code(&output), 0);
    assert!(printed(&output).ends_with("epoch: 0 startOffset: 0\nepoch: 4 startOffset: 17\n"));
    let short = file("leader-epoch-checkpoint", b"0\n2\n0 0\n");
    assert_eq!(code(&corelog(&["log", "dump", &short])), 1);
    let snapshot = file("00000000000000000007.snapshot", &[0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
    let output = corelog(&["log", "dump", &snapshot]);
    assert_eq!(code(&output), 1);
    assert!(printed(&output).ends_with("the CRC does not match\n"));
    let strange = file("notes.txt", b"");
    let output = corelog(&["log", "dump", &strange]);
    assert_eq!(code(&output), 1);
    assert!(said(&output).contains("its name is not one of .log, "), "{}", said(&output));
}

#[test]
fn man_pages_and_completions_know_every_subcommand() {
    let folder = tempfile::tempdir().unwrap();
    let output = corelog(&["generate", "man", &folder.path().display().to_string()]);
    assert_eq!(code(&output), 0, "{}", said(&output));
    for (page, word) in [
        ("corelog", "speaks the Kafka protocol"),
        ("corelog-serve", "server.properties"),
        ("corelog-group-reset-offsets", "earliest"),
        ("corelog-topic-create", "partitions"),
    ] {
        let path = folder.path().join(format!("{page}.1"));
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with(".ie") && text.contains(word), "{page}: {text}");
    }
    for shell in ["bash", "zsh", "fish"] {
        let script = printed(&corelog(&["generate", "completion", shell]));
        assert!(script.contains("reset-offsets") && script.contains("serve"), "{shell}");
    }
    assert_eq!(code(&corelog(&["generate", "man", "/nowhere"])), 1);
}

#[test]
fn the_environment_is_read_between_the_file_and_the_overrides() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("server.properties");
    std::fs::write(&file, "log.dirs=/from-file\n").unwrap();
    let info = |variables: &[(&str, &str)], arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_corelog"));
        command.args(["storage", "info", "-c"]).arg(&file).args(arguments);
        printed(&command.envs(variables.iter().copied()).output().unwrap())
    };
    let environment = [("KAFKA_CFG_LOG_DIRS", "/from-env"), ("KAFKA_HEAP_OPTS", "-Xmx256m")];
    assert!(info(&[], &[]).contains("/from-file does not exist"));
    assert!(info(&environment, &[]).contains("/from-env does not exist"));
    let last = info(&environment, &["--override", "log.dirs=/from-line"]);
    assert!(last.contains("/from-line does not exist") && !last.contains("/from-env"), "{last}");
}
