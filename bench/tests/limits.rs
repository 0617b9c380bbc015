//! The quick form of `corelog-bench limits` measures every primitive and allows every figure that
//! is judged by a limit.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

/// Figures of `compare` that have a limit.
const LIMITED: [&str; 6] = [
    "d2 produce MB/s",
    "d1 produce MB/s",
    "idle ack p50 ms",
    "end to end p50 ms",
    "tail MB/s",
    "half load CPU s/GB",
];

#[test]
fn the_quick_form_measures_all_fourteen_and_keeps_nothing_but_its_results() {
    // Not in /tmp: that may be no disk.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let (dir, file) = (folder.path().join("data"), folder.path().join("out/limits.json"));
    let output = Command::new(env!("CARGO_BIN_EXE_corelog-bench"))
        .args(["limits", "--quick", "--dir"])
        .arg(&dir)
        .arg("--output")
        .arg(&file)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 0);

    let found: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let figures = found["primitives"].as_array().unwrap();
    let ids: BTreeSet<&str> = figures.iter().map(|one| one["id"].as_str().unwrap()).collect();
    let wanted: Vec<String> = (1..=14).map(|number| format!("P{number}")).collect();
    assert_eq!(ids, wanted.iter().map(String::as_str).collect());
    for figure in figures {
        let of = |name: &str| figure[name].as_f64().unwrap();
        assert!(of("min") <= of("median") && of("median") <= of("max"), "{figure}");
        assert_eq!(figure["rounds"], 3);
    }
    for figure in LIMITED {
        assert!(found["allows"][figure].as_f64().unwrap() > 0.0, "{figure}");
        assert!(found["allowed_by"][figure].is_string(), "{figure}");
    }
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("page cache regime: as it was found"), "{text}");
}
