//! The file that remembers what was set before anything was changed.
//!
//! It is on the disk before the first change is made. What it holds is the host's state of one
//! boot: none of the settings outlives the kernel they were made in. It may lie in a folder that
//! the broker's user owns, and `undo` writes as root what it says: so it must belong to whoever
//! reads it, and only places of the kernel are taken from it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::aspect::{Change, Place};
use crate::host::ATIME_MODES;

/// What was set before, of one boot.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undo {
    /// `/proc/sys/kernel/random/boot_id` of the boot in which it was changed.
    pub boot: String,
    /// In the order in which it was changed.
    pub changes: Vec<Recorded>,
}

/// A change, and the condition that wanted it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// Name of the knob.
    pub knob: String,
    /// Its target; empty: the host.
    pub target: String,
    /// What was set, and what had been.
    #[serde(flatten)]
    pub change: Change,
}

impl Undo {
    /// Adds a change; what was there before the first change of a place stays what is remembered.
    /// Returns whether the place is new.
    pub fn record(&mut self, knob: &str, target: &str, change: &Change) -> bool {
        let known = self.changes.iter_mut().find(|known| known.change.to.place == change.to.place);
        match known {
            Some(known) => {
                known.change.to.value.clone_from(&change.to.value);
                false
            }
            None => {
                self.changes.push(Recorded {
                    knob: knob.to_string(),
                    target: target.to_string(),
                    change: change.clone(),
                });
                true
            }
        }
    }

    /// Forgets a change that was not made.
    pub fn forget(&mut self, place: &Place) {
        self.changes.retain(|known| known.change.to.place != *place);
    }
}

/// The state file, with its folder locked: one at a time may change the host.
#[derive(Debug)]
pub struct StateFile {
    path: PathBuf,
    folder: File,
}

impl StateFile {
    /// Makes the folder unless it is there, and locks it.
    ///
    /// # Errors
    /// The folder cannot be made, or another process holds the lock.
    pub fn open(path: &Path) -> io::Result<StateFile> {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        if !folder.exists() {
            fs::create_dir_all(folder)?;
            if let Some(above) = folder.parent().filter(|above| !above.as_os_str().is_empty()) {
                File::open(above)?.sync_all()?;
            }
        }
        let folder = File::open(folder)?;
        folder.try_lock().map_err(|_| io::Error::other("another corelog-tune is at work"))?;
        Ok(StateFile { path: path.to_path_buf(), folder })
    }

    /// What is remembered; `None` without a file.
    ///
    /// # Errors
    /// It cannot be read, belongs to somebody else, or is not such a file.
    pub fn load(&self) -> io::Result<Option<Undo>> {
        let mut options = OpenOptions::new();
        let no_link = nix::fcntl::OFlag::O_NOFOLLOW.bits();
        let file = match options.read(true).custom_flags(no_link).open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        if file.metadata()?.uid() != nix::unistd::geteuid().as_raw() {
            return Err(io::Error::other("it belongs to another user: not taken"));
        }
        let undo: Undo = serde_json::from_reader(io::BufReader::new(file))?;
        let odd = undo.changes.iter().find(|known| !allowed(&known.change));
        match odd {
            None => Ok(Some(undo)),
            Some(odd) => Err(io::Error::other(format!("{} would set no kernel setting", odd.knob))),
        }
    }

    /// Replaces the file; when this returns, the new one survives a loss of power.
    ///
    /// # Errors
    /// Whatever the file system says; the old file is still there then.
    pub fn save(&self, undo: &Undo) -> io::Result<()> {
        let draft = self.path.with_extension("json.new");
        if let Err(error) = fs::remove_file(&draft)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(error);
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        serde_json::to_writer_pretty(&mut file, undo)?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        fs::rename(&draft, &self.path)?;
        self.folder.sync_all()
    }

    /// Nothing is left to be undone.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn remove(&self) -> io::Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => self.folder.sync_all(),
        }
    }
}

fn allowed(change: &Change) -> bool {
    [&change.to, &change.before].into_iter().all(|setting| match &setting.place {
        Place::File(path) => {
            let kernels = ["/proc/sys/", "/proc/irq/", "/sys/"];
            kernels.iter().any(|folder| path.starts_with(folder)) && !path.contains("/../")
        }
        Place::Atime(_) => ATIME_MODES.contains(&setting.value.as_str()),
    })
}

#[cfg(test)]
#[path = "state_test.rs"]
mod state_test;
