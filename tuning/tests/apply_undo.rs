//! `apply` and `undo` on a host of files: what is changed, what is remembered, what comes back.

#![allow(clippy::unwrap_used, reason = "a test")]

mod fake;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use corelog_tune::aspect::{Place, Verdict};
use corelog_tune::change::{Outcome, Restored, apply, undo};
use corelog_tune::script::script;
use corelog_tune::state::StateFile;
use corelog_tune::survey::Row;
use fake::{Fake, WRONG};

struct State {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl State {
    fn new() -> State {
        let folder = tempfile::tempdir().unwrap();
        State { path: folder.path().join("undo.json"), _folder: folder }
    }

    fn file(&self) -> StateFile {
        StateFile::open(&self.path).unwrap()
    }

    fn apply(&self, fake: &Fake) -> Vec<Outcome> {
        apply(fake, &fake.survey(), &self.file()).unwrap()
    }

    fn undo(&self, fake: &Fake) -> Vec<Restored> {
        undo(fake, &self.file()).unwrap().into_iter().map(|(_, restored)| restored).collect()
    }
}

type Snapshot = BTreeMap<String, String>;

/// The files that differ.
fn differing(a: &Snapshot, b: &Snapshot) -> Vec<String> {
    let differs = |(path, text): &(&String, &String)| b.get(*path) != Some(*text);
    a.iter().filter(differs).map(|(path, _)| path.clone()).collect()
}

#[test]
fn undo_brings_back_every_file_that_apply_changed() {
    let (fake, state) = (Fake::wrong(), State::new());
    let before = fake.snapshot();

    let outcomes = state.apply(&fake);
    assert_eq!(outcomes.len(), WRONG.len());
    assert!(outcomes.iter().all(|outcome| outcome.done.is_ok()), "{outcomes:#?}");
    assert!(fake.survey().iter().all(|row| row.verdict == Verdict::Passed));
    let mut changed: Vec<String> = WRONG.iter().map(|(_, path, _)| path.to_string()).collect();
    changed.push("/proc/irq/42/smp_affinity_list".to_string()); // moves the effective one
    changed.sort();
    assert_eq!(differing(&before, &fake.snapshot()), changed, "what was right is untouched");

    assert_eq!(state.undo(&fake), vec![Restored::Back; WRONG.len()]);
    assert_eq!(fake.snapshot(), before);
    assert!(!state.path.exists());
    assert!(state.undo(&fake).is_empty(), "a second time there is nothing to do");
}

#[test]
fn a_host_that_passes_is_not_touched() {
    let (fake, state) = (Fake::well(), State::new());
    let before = fake.snapshot();
    assert!(state.apply(&fake).is_empty());
    assert_eq!(fake.snapshot(), before);
    assert!(!state.path.exists());
}

#[test]
fn everything_is_remembered_before_anything_is_changed() {
    let (fake, state) = (Fake::wrong(), State::new());
    let seen = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
    let (at, into) = (state.path.clone(), seen.clone());
    let look = move || into.borrow_mut().push(std::fs::read_to_string(&at).unwrap_or_default());
    *fake.before_write.borrow_mut() = Some(Box::new(look));
    state.apply(&fake);
    let first = seen.borrow().first().cloned().unwrap();
    let known: serde_json::Value = serde_json::from_str(&first).unwrap();
    assert_eq!(known["changes"].as_array().unwrap().len(), WRONG.len());
    assert_eq!(known["boot"], "boot-1");
}

#[test]
fn when_nothing_can_be_remembered_nothing_is_changed() {
    let (fake, state) = (Fake::wrong(), State::new());
    let before = fake.snapshot();
    // In the way of the draft.
    std::fs::create_dir(state.path.with_extension("json.new")).unwrap();
    assert!(apply(&fake, &fake.survey(), &state.file()).is_err());
    assert_eq!(fake.snapshot(), before);
}

#[test]
fn what_is_refused_is_said_and_the_rest_goes_on() {
    let (fake, state) = (Fake::wrong(), State::new());
    let before = fake.snapshot();
    let refused = ["/proc/sys/vm/swappiness", "/proc/irq/41/smp_affinity_list"];
    let refused = refused.iter().chain(&["/proc/irq/42/smp_affinity_list"]);
    *fake.refused.borrow_mut() = refused.map(|path| path.to_string()).collect();
    let outcomes = state.apply(&fake);
    let not_done: Vec<&str> = outcomes
        .iter()
        .filter(|outcome| outcome.done.is_err())
        .map(|outcome| outcome.recorded.knob.as_str())
        .collect();
    assert_eq!(not_done, ["swappiness", "interrupts"]);
    assert_eq!(outcomes.len(), WRONG.len());
    let left = fake.survey();
    let left = left.iter().filter(|row| row.verdict == Verdict::Failed);
    assert_eq!(left.map(|row| row.knob.name).collect::<Vec<_>>(), ["swappiness", "interrupts"]);

    // What was not changed was not remembered either.
    assert_eq!(state.undo(&fake).len(), WRONG.len() - 2);
    assert_eq!(fake.snapshot(), before);
}

#[test]
fn what_undo_cannot_bring_back_stays_remembered() {
    let (fake, state) = (Fake::wrong(), State::new());
    let before = fake.snapshot();
    state.apply(&fake);
    *fake.refused.borrow_mut() = vec!["/proc/sys/vm/swappiness".to_string()];
    let refused = |restored: &&Restored| matches!(restored, Restored::Refused(_));
    assert_eq!(state.undo(&fake).iter().filter(refused).count(), 1);
    assert_eq!(differing(&before, &fake.snapshot()), ["/proc/sys/vm/swappiness"]);
    fake.refused.borrow_mut().clear();
    assert_eq!(state.undo(&fake), [Restored::Back]);
    assert_eq!(fake.snapshot(), before);
}

#[test]
fn apply_again_still_leads_back_to_the_first_state() {
    let (fake, state) = (Fake::wrong(), State::new());
    let before = fake.snapshot();
    state.apply(&fake);
    fake.put("/proc/sys/vm/swappiness", "30"); // somebody sets it meanwhile
    assert_eq!(state.apply(&fake).len(), 1);
    state.undo(&fake);
    assert_eq!(fake.snapshot(), before);
}

#[test]
fn what_somebody_set_since_is_put_back_and_said() {
    let (fake, state) = (Fake::wrong(), State::new());
    let before = fake.snapshot();
    state.apply(&fake);
    fake.put("/proc/sys/vm/swappiness", "30");
    fake.put("/proc/sys/vm/zone_reclaim_mode", "1");
    let restored = state.undo(&fake);
    assert_eq!(fake.snapshot(), before);
    let over = restored.iter().filter(|one| **one == Restored::Over("30".to_string())).count();
    let already = restored.iter().filter(|one| **one == Restored::Already).count();
    assert_eq!((over, already), (1, 1));
}

#[test]
fn a_disk_that_was_pulled_takes_its_settings_along() {
    let (fake, state) = (Fake::wrong(), State::new());
    state.apply(&fake);
    std::fs::remove_dir_all(fake.folder().join("sys/devices/pci/nvme0n1")).unwrap();
    let gone = state.undo(&fake).into_iter().filter(|one| *one == Restored::Gone).count();
    assert_eq!(gone, 3, "scheduler, requests, read-ahead");
    assert!(!state.path.exists());
}

#[test]
fn what_was_remembered_before_a_reboot_is_void() {
    let (fake, state) = (Fake::wrong(), State::new());
    state.apply(&fake);
    fake.put("/proc/sys/kernel/random/boot_id", "boot-2");
    fake.put("/proc/sys/vm/swappiness", "100"); // what this boot begins with
    let before = fake.snapshot();
    assert_eq!(state.apply(&fake).len(), 1);
    assert_eq!(state.undo(&fake), [Restored::Back]);
    assert_eq!(fake.snapshot(), before, "not the value of the boot before");

    state.apply(&fake);
    fake.put("/proc/sys/kernel/random/boot_id", "boot-3");
    assert!(state.undo(&fake).is_empty());
    assert!(!state.path.exists());
}

#[test]
fn limits_in_bytes_come_back_in_bytes() {
    let (fake, state) = (Fake::well(), State::new());
    for (name, bytes) in [("dirty", "1000000000"), ("dirty_background", "2000000000")] {
        fake.put(&format!("/proc/sys/vm/{name}_bytes"), bytes);
        fake.put(&format!("/proc/sys/vm/{name}_ratio"), "0");
    }
    let before = fake.snapshot();
    let rows = fake.survey();
    let seen =
        |name: &str| rows.iter().find(|row| row.knob.name == name).unwrap().aspect.seen.clone();
    assert_eq!(seen("dirty-limit").shown(), "6 (1000000000 bytes)");
    assert_eq!(state.apply(&fake).len(), 2);
    let now = fake.snapshot();
    assert_eq!(now["/proc/sys/vm/dirty_ratio"].trim(), "20");
    assert_eq!(now["/proc/sys/vm/dirty_bytes"].trim(), "0");
    assert_eq!(state.undo(&fake), [Restored::Back, Restored::Back]);
    assert_eq!(fake.snapshot(), before);
}

/// The script is run for real, on the same files under other names.
#[test]
fn the_script_sets_what_apply_would() {
    let fake = Fake::wrong();
    fake.put("/proc/self/mountinfo", "31 22 259:1 / /srv/data rw,noatime - xfs /dev/nvme0n1p1 rw");
    let rows = fake.survey();
    let wanted: Vec<_> = rows.iter().flat_map(Row::changes).cloned().collect();
    assert_eq!(wanted.len(), WRONG.len() - 1);
    let text = script(&rows, |_| Vec::new());
    let here = fake.folder().display();
    let moved = text.replace("put /proc", &format!("put {here}/proc"));
    let moved = moved.replace("put /sys", &format!("put {here}/sys"));
    let done = Command::new("sh").args(["-c", &moved]).output().unwrap();
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    let now = fake.snapshot();
    for change in wanted {
        let Place::File(path) = &change.to.place else { panic!("{change:?}") };
        // Interfaces are found by links.
        let path = path.replace("/sys/class/net/", "/sys/devices/net/");
        assert_eq!(now[&path].trim(), change.to.value, "{path}");
    }
}

#[test]
fn a_script_whose_setting_is_refused_goes_on_and_ends_with_one() {
    let fake = Fake::wrong();
    let text = script(&fake.survey(), |_| vec!["rw".to_string(), "nosuid".to_string()]);
    assert!(text.contains("atime /srv/data rw,nosuid,noatime # was relatime\n"), "{text}");
    let nowhere = text.replace("/proc/", "/nowhere/").replace("/sys/", "/nowhere/");
    let nowhere = nowhere.replace("mount -o", "false");
    let done = Command::new("sh").args(["-c", &nowhere]).output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(1));
    assert_eq!(said.matches("refused: ").count(), WRONG.len(), "{said}");
}
