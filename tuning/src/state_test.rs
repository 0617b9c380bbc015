//! What is remembered, and what is not taken.

#![allow(clippy::unwrap_used, reason = "a test")]

use super::*;

fn change(path: &str, before: &str, to: &str) -> Change {
    Place::File(path.to_string()).change(to.to_string(), before.to_string())
}

fn saved(undo: &Undo) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/undo.json");
    StateFile::open(&path).unwrap().save(undo).unwrap();
    (folder, path)
}

#[test]
fn the_first_value_of_a_place_is_the_one_that_is_remembered() {
    let mut undo = Undo::default();
    assert!(undo.record("swappiness", "", &change("/proc/sys/vm/swappiness", "60", "1")));
    assert!(!undo.record("swappiness", "", &change("/proc/sys/vm/swappiness", "10", "0")));
    assert_eq!(undo.changes.len(), 1);
    assert_eq!(undo.changes[0].change.before.value, "60");
    assert_eq!(undo.changes[0].change.to.value, "0");
}

#[test]
fn what_was_saved_is_loaded() {
    let mut undo = Undo { boot: "b".to_string(), changes: Vec::new() };
    undo.record("swappiness", "", &change("/proc/sys/vm/swappiness", "60", "1"));
    undo.record(
        "atime",
        "/srv",
        &Place::Atime("/srv".into()).change("noatime".into(), "relatime".into()),
    );
    let (_folder, path) = saved(&undo);
    let file = StateFile::open(&path).unwrap();
    assert_eq!(file.load().unwrap().unwrap(), undo);
    file.remove().unwrap();
    assert_eq!(file.load().unwrap(), None);
    file.remove().unwrap();
}

#[test]
fn a_second_process_is_kept_out() {
    let (_folder, path) = saved(&Undo::default());
    let first = StateFile::open(&path).unwrap();
    assert!(StateFile::open(&path).unwrap_err().to_string().contains("another"));
    drop(first);
    StateFile::open(&path).unwrap();
}

#[test]
fn only_settings_of_the_kernel_are_taken_from_it() {
    let bad = [
        change("/etc/shadow", "root::", "x"),
        change("/proc/sys/../../etc/shadow", "root::", "x"),
        change("/proc/self/mem", "0", "x"),
        Place::Atime("/srv".into()).change("noatime".into(), "rw,suid".into()),
    ];
    for change in bad {
        let mut undo = Undo::default();
        undo.record("swappiness", "", &change);
        let (_folder, path) = saved(&undo);
        assert!(StateFile::open(&path).unwrap().load().is_err(), "{change:?}");
    }
}

#[test]
fn damage_and_links_are_refused() {
    let (folder, path) = saved(&Undo::default());
    fs::write(&path, "{\"boot\": \"b\", \"chan").unwrap();
    assert!(StateFile::open(&path).unwrap().load().is_err());
    let elsewhere = folder.path().join("elsewhere");
    fs::write(&elsewhere, "{\"boot\": \"b\", \"changes\": []}").unwrap();
    fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
    assert!(StateFile::open(&path).unwrap().load().is_err());
}
