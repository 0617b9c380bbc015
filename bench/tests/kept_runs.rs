//! Runs are kept so that other tools read them: loads against the null responder, and the page of
//! what was kept.
#![allow(clippy::unwrap_used, reason = "a test")]

mod responder;

use std::path::Path;
use std::process::Output;

use responder::{bench, responder};
use serde_json::Value;

fn run(arguments: &[&str]) -> Output {
    let output = bench().args(arguments).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {text}");
    output
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn loads_are_kept_and_shown_on_one_page() {
    let (_broker, address) = responder();
    let folder = tempfile::tempdir().unwrap();
    let [produced, consumed, page] =
        ["produced", "consumed", "page.html"].map(|name| folder.path().join(name));
    let short = ["--bootstrap-server", &address, "--quiet", "--set", "warmup_seconds=0"];
    let short = [&short[..], &["--set", "seconds=2", "--set", "pool_bytes=1000000"]].concat();
    let out = |path: &Path| ["--out".to_owned(), path.display().to_string()];
    let kept = out(&produced);
    let kept: Vec<&str> = kept.iter().map(String::as_str).collect();
    let line = run(&[&["produce", "durable"], &short[..], &kept].concat()).stdout;
    assert!(String::from_utf8(line).unwrap().contains(" records sent, "));
    let kept = out(&consumed);
    let kept: Vec<&str> = kept.iter().map(String::as_str).collect();
    let by_count = ["--set", "records=2000"];
    let lines = run(&[&["consume", "tail"], &short[..], &by_count, &kept].concat()).stdout;
    assert!(String::from_utf8(lines).unwrap().starts_with("start.time, end.time, "));

    let result = json(&produced.join("openmessaging.json"));
    assert_eq!(result["publishRate"].as_array().unwrap().len(), 2);
    assert!(result["aggregatedPublishLatency99pct"].as_f64().unwrap() > 0.0);
    let log = std::fs::read_to_string(produced.join("latency.hdr")).unwrap();
    assert!(log.contains("Tag=ack,"), "{log}");
    assert!(json(&consumed.join("run.json"))["consumed_records"].as_u64().unwrap() >= 2000);

    let folder = folder.path().display().to_string();
    run(&["report", &folder, "--out", &page.display().to_string()]);
    let page = std::fs::read_to_string(&page).unwrap();
    assert!(page.contains("durable") && page.contains("tail") && page.contains("<svg"));
}
