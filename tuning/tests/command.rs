//! The `corelog-tune` command as a process: exit codes, and what it prints. Changes nothing.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::process::{Command, Output};

use corelog_tune::knobs;

fn tune(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_corelog-tune")).args(arguments).output().unwrap()
}

fn printed(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn wrong_calls_end_with_two() {
    for arguments in [&["check", "no-such"][..], &["tune"], &["iotune", "--seconds", "0", "/tmp"]] {
        let output = tune(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
    assert!(said(&tune(&["check", "no-such"])).contains("swappiness"), "names what there is");
}

#[test]
fn check_says_everything_of_every_condition() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().display().to_string();
    let output = tune(&["check", "--dir", &dir, "--format", "json"]);
    let rows: serde_json::Value = serde_json::from_str(&printed(&output)).unwrap();
    let rows = rows.as_array().unwrap();
    for row in rows {
        for field in ["condition", "required", "current", "severity", "why", "gain"] {
            assert!(row[field].is_string(), "{field} of {row}");
        }
        assert!(row["passed"].is_boolean() || row["note"].is_string(), "{row}");
    }
    // A host without interfaces has no rows for them.
    let of_host = knobs::all().filter(|knob| !knob.name.starts_with("rfs-q") && knob.name != "rps");
    for knob in of_host.filter(|knob| knob.name != "interrupts") {
        assert!(rows.iter().any(|row| row["condition"] == knob.name), "{}", knob.name);
    }
    let failed = rows.iter().any(|row| row["passed"] == false);
    assert_eq!(output.status.code(), Some(i32::from(failed)));
}

#[test]
fn the_table_has_the_columns_and_says_why() {
    let output = tune(&["check", "--why", "kernel-version", "io-uring-ring"]);
    let text = printed(&output);
    let head: Vec<&str> = text.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(head, ["CONDITION", "TARGET", "REQUIRED", "CURRENT", "SEVERITY", "PASSED"]);
    assert_eq!(text.matches("  why: ").count(), 2);
    assert_eq!(text.matches("  gain: ").count(), 2);
    assert!(text.ends_with("2 conditions, 0 failed\n"), "{text}");
    assert_eq!(output.status.code(), Some(0), "tests need io_uring");
}

#[test]
fn the_script_is_written_and_nothing_is_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tune.sh");
    let swappiness = || std::fs::read_to_string("/proc/sys/vm/swappiness").unwrap();
    let before = swappiness();
    let output = tune(&["apply", "--output-script", path.to_str().unwrap(), "swappiness"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(swappiness(), before);
    let checked = Command::new("sh").arg("-n").arg(&path).output().unwrap();
    assert!(checked.status.success(), "{}", said(&checked));
}

#[test]
fn iotune_replaces_its_file_as_a_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().display().to_string();
    let file = folder.path().join("io.properties");
    let output = file.to_str().unwrap();
    std::fs::write(&file, "old").unwrap();

    let nowhere = tune(&["iotune", "--output", output, "/nowhere"]);
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(said(&nowhere).starts_with("error: cannot measure /nowhere: "), "{}", said(&nowhere));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "old");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left");

    let small = ["--seconds", "1", "--room", "16777216", "--cores", "2", "--format", "json"];
    let done = tune(&[&["iotune", "--output", output, &dir], &small[..]].concat());
    assert_eq!(done.status.code(), Some(0), "{}", said(&done));
    let found: serde_json::Value = serde_json::from_str(&printed(&done)).unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    let syncs = &found["settings"]["corelog.syncs.in.flight"];
    assert!(text.contains(&format!("corelog.syncs.in.flight={syncs}\n")), "{text}");
}
