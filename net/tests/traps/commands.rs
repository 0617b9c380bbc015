//! `corelog consume --group` and `corelog group` against a broker.

use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::broker::Broker;

fn command(broker: &Broker, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_corelog"));
    let server = format!("127.0.0.1:{}", broker.port());
    command.args(arguments).args(["--bootstrap-server", &server]);
    command
}

fn run(broker: &Broker, arguments: &[&str]) -> Output {
    command(broker, arguments).output().unwrap()
}

/// What a command that succeeds prints.
fn printed(broker: &Broker, arguments: &[&str]) -> String {
    let output = run(broker, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", said(&output));
    String::from_utf8(output.stdout).unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The words of each line.
fn words(text: &str) -> Vec<Vec<&str>> {
    text.lines().map(|line| line.split_whitespace().collect()).collect()
}

fn produce(broker: &Broker, topic: &str, lines: &str) {
    use std::io::Write;
    let mut producer = command(broker, &["produce", topic]).stdin(Stdio::piped()).spawn().unwrap();
    producer.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    assert!(producer.wait().unwrap().success());
}

fn broker() -> Broker {
    let broker = Broker::with(&["group.initial.rebalance.delay.ms=0"]);
    printed(&broker, &["topic", "create", "t", "--partitions", "1"]);
    broker
}

#[test]
fn a_group_goes_on_where_it_left_off() {
    let broker = broker();
    produce(&broker, "t", "one\ntwo\nthree\n");
    let consume = |count: &str| {
        let group = ["consume", "t", "--group", "g", "--from-beginning"];
        printed(&broker, &[&group[..], &["--max-messages", count]].concat())
    };
    assert_eq!(consume("2"), "one\ntwo\n");
    let described = printed(&broker, &["group", "describe", "g"]);
    assert_eq!(words(&described)[2], ["g", "t", "0", "2", "3", "1", "-", "-", "-"]);
    assert_eq!(consume("1"), "three\n");
    let listed = printed(&broker, &["group", "list", "--state", "--type"]);
    assert_eq!(words(&listed)[1], ["g", "Classic", "Empty"]);
}

#[test]
fn a_member_is_described_while_it_is_there_and_leaves_when_it_is_interrupted() {
    let broker = broker();
    produce(&broker, "t", "one\n");
    let consume = ["consume", "t", "--group", "g", "--from-beginning"];
    let mut member = command(&broker, &consume).stdout(Stdio::null()).spawn().unwrap();
    let started = Instant::now();
    let stable = || run(&broker, &["group", "describe", "g", "--state"]);
    while !String::from_utf8(stable().stdout).unwrap().contains("Stable") {
        assert!(started.elapsed() < Duration::from_secs(20), "the group never settled");
    }
    let members = printed(&broker, &["group", "describe", "g", "--members", "--verbose"]);
    let row = &words(&members)[2];
    assert_eq!((row[2], row[3], row[4], row[6]), ("/127.0.0.1", "corelog", "1", "t:0"));
    for refused in [&["group", "delete", "g"][..], &["group", "seek", "g", "--to", "start"]] {
        assert_eq!(run(&broker, refused).status.code(), Some(1), "{refused:?}");
    }
    let reset = ["group", "reset-offsets", "g", "--all-topics", "--to-earliest"];
    let output = run(&broker, &reset);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("the current state is Stable"), "{}", said(&output));
    interrupt(&member);
    assert!(member.wait().unwrap().success());
    let state = printed(&broker, &["group", "describe", "g", "--state", "--format", "json"]);
    assert!(state.contains("\"Empty\""), "{state}");
}

fn interrupt(child: &std::process::Child) {
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
}

#[test]
fn offsets_are_moved_only_when_that_is_said() {
    let broker = broker();
    produce(&broker, "t", "one\ntwo\nthree\n");
    let reset = |arguments: &[&str]| {
        let start = ["group", "reset-offsets", "g", "--topic", "t"];
        printed(&broker, &[&start[..], arguments].concat())
    };
    let row = |text: &str| words(text)[2].join(" ");
    assert_eq!(row(&reset(&["--to-latest"])), "g t 0 3");
    assert_eq!(printed(&broker, &["group", "list"]), "", "that was a dry run");
    assert_eq!(row(&reset(&["--to-offset", "2", "--execute"])), "g t 0 2");
    assert_eq!(row(&reset(&["--shift-by", "-1"])), "g t 0 1");
    assert_eq!(row(&reset(&["--to-current"])), "g t 0 2");
    assert_eq!(row(&reset(&["--to-datetime", "2020-01-01T00:00:00.000"])), "g t 0 0");
    assert_eq!(row(&reset(&["--by-duration", "PT0S"])), "g t 0 3");
    assert_eq!(row(&reset(&["--to-offset", "99"])), "g t 0 3", "what the log has");
    assert_eq!(reset(&["--to-earliest", "--export"]), "t,0,0\n");
    let plan = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(plan.path(), "t,0,1\n").unwrap();
    let path = plan.path().display().to_string();
    let start = ["group", "reset-offsets", "g", "--execute", "--from-file"];
    assert_eq!(row(&printed(&broker, &[&start[..], &[&path]].concat())), "g t 0 1");
    let seek = printed(&broker, &["group", "seek", "g", "--to", "end"]);
    assert_eq!(words(&seek)[2], ["t", "0", "1", "3"]);
}

#[test]
fn groups_and_their_offsets_are_deleted() {
    let broker = broker();
    let reset = ["--topic", "t", "--to-latest", "--execute"];
    for group in ["g", "h"] {
        printed(&broker, &[&["group", "reset-offsets", group][..], &reset].concat());
    }
    let forget = ["group", "delete-offsets", "--group", "g", "--topic", "t:0"];
    assert_eq!(words(&printed(&broker, &forget))[2], ["t", "0", "Successful"]);
    let absent = run(&broker, &["group", "describe", "nobody"]);
    assert_eq!(absent.status.code(), Some(1));
    assert_eq!(said(&absent), "error: Group 'nobody' does not exist\n");
    let output = run(&broker, &["group", "delete", "h", "nobody"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8(output.stdout.clone()).unwrap(), "Deleted group h.\n");
    assert!(said(&output).contains("GROUP_ID_NOT_FOUND"), "{}", said(&output));
}
