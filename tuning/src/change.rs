//! Doing it and undoing it.
//!
//! What was there is on the disk before anything is changed. What the kernel refuses is said and
//! the rest goes on; a setting counts as made when it can be read back.

use std::io;

use crate::aspect::{Change, Place, Seen, Setting};
use crate::host::{Host, mounts};
use crate::state::{Recorded, StateFile};
use crate::survey::Row;

/// What became of one change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The condition and the change.
    pub recorded: Recorded,
    /// What the place says now, or why it was not set.
    pub done: Result<String, String>,
}

/// What became of one setting that was to be brought back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Restored {
    /// It is as it was.
    Back,
    /// It was as it was already.
    Already,
    /// It is as it was, although somebody had set this since.
    Over(String),
    /// The device or the mount is gone, and the setting with it.
    Gone,
    /// The kernel refused: why.
    Refused(String),
}

/// What stands at a place now.
///
/// # Errors
/// It cannot be read; `NotFound` when the place is gone.
pub fn current(host: &dyn Host, place: &Place) -> io::Result<String> {
    match place {
        Place::File(path) => {
            let seen = Seen::of(Ok(host.read(path)?));
            Ok(seen.value().unwrap_or_default().to_string())
        }
        Place::Atime(point) => {
            let all = mounts(&host.read("/proc/self/mountinfo")?);
            let found = all.iter().rev().find(|mount| mount.point == *point);
            found.map(|mount| mount.atime().to_string()).ok_or(io::ErrorKind::NotFound.into())
        }
    }
}

/// Makes every change that the rows want.
///
/// # Errors
/// What was there cannot be remembered: nothing is changed then.
pub fn apply(host: &dyn Host, rows: &[Row], state: &StateFile) -> io::Result<Vec<Outcome>> {
    let boot = boot(host)?;
    let mut undo = state.load()?.filter(|undo| undo.boot == boot).unwrap_or_default();
    undo.boot = boot;
    let mut wanted: Vec<(Recorded, bool)> = Vec::new();
    for row in rows {
        for change in row.changes() {
            let (knob, target) = (row.knob.name.to_string(), row.aspect.target.clone());
            let is_new = undo.record(&knob, &target, change);
            wanted.push((Recorded { knob, target, change: change.clone() }, is_new));
        }
    }
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    state.save(&undo)?;
    let mut outcomes = Vec::new();
    for (recorded, is_new) in wanted {
        let done = make(host, &recorded.change);
        if done.is_err() && is_new {
            undo.forget(&recorded.change.to.place);
        }
        outcomes.push(Outcome { recorded, done });
    }
    if undo.changes.is_empty() {
        state.remove()?;
    } else {
        state.save(&undo)?;
    }
    Ok(outcomes)
}

/// Brings everything back, the last change first. What is refused stays remembered.
///
/// # Errors
/// The state file cannot be read or replaced.
pub fn undo(host: &dyn Host, state: &StateFile) -> io::Result<Vec<(Recorded, Restored)>> {
    let Some(mut undo) = state.load()? else { return Ok(Vec::new()) };
    if undo.boot != boot(host)? {
        state.remove()?; // the kernel that was changed is gone
        return Ok(Vec::new());
    }
    let mut restored = Vec::new();
    let mut left = Vec::new();
    while let Some(recorded) = undo.changes.pop() {
        let outcome = restore(host, &recorded.change);
        if matches!(outcome, Restored::Refused(_)) {
            left.push(recorded.clone());
        }
        restored.push((recorded, outcome));
    }
    if left.is_empty() {
        state.remove()?;
    } else {
        left.reverse();
        undo.changes = left;
        state.save(&undo)?;
    }
    Ok(restored)
}

/// Identifies the running kernel's boot.
fn boot(host: &dyn Host) -> io::Result<String> {
    Ok(host.read("/proc/sys/kernel/random/boot_id")?.trim().to_string())
}

fn make(host: &dyn Host, change: &Change) -> Result<String, String> {
    set(host, &change.to).map_err(|error| error.to_string())?;
    let found = current(host, &change.to.place).map_err(|error| error.to_string())?;
    // The kernel may round a number; what it ignores is refused in all but name.
    if found == change.before.value && found != change.to.value {
        return Err(format!("the kernel keeps {found}"));
    }
    Ok(found)
}

fn restore(host: &dyn Host, change: &Change) -> Restored {
    let before = &change.before;
    let found = match current(host, &before.place) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Restored::Gone,
        Err(error) => return Restored::Refused(error.to_string()),
    };
    if found == before.value {
        return Restored::Already;
    }
    if let Err(error) = set(host, before) {
        return Restored::Refused(error.to_string());
    }
    match current(host, &before.place) {
        Ok(back) if back != before.value => Restored::Refused(format!("the kernel keeps {back}")),
        Err(error) => Restored::Refused(error.to_string()),
        Ok(_) if before.place == change.to.place && found != change.to.value => {
            Restored::Over(found)
        }
        Ok(_) => Restored::Back,
    }
}

fn set(host: &dyn Host, setting: &Setting) -> io::Result<()> {
    match &setting.place {
        Place::File(path) => host.write(path, &setting.value),
        Place::Atime(point) => host.set_atime(point, &setting.value),
    }
}
