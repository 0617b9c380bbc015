//! What the broker did during one load or step: where its CPU time went, as perf sees it, what its
//! memory is made of, and the end of its log. One text file each, which the results name.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;

use super::broker::Broker;
use crate::machine::perf::{self, Look};

/// perf opens its counters before it samples.
const OPENING: Duration = Duration::from_millis(300);
/// Bytes of a log's end that are kept.
const LOG_BYTES: usize = 4000;

/// The profiles of a turn, and which figure came with which of them.
pub struct Profiles {
    folder: PathBuf,
    written: Cell<usize>,
    newest: RefCell<String>,
    by_figure: RefCell<BTreeMap<String, String>>,
}

/// A profile under way.
pub struct Profile {
    look: Option<Look>,
    data: PathBuf,
}

impl Profiles {
    /// None yet; `folder` is made.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn new(folder: PathBuf) -> anyhow::Result<Profiles> {
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(Profiles {
            folder,
            written: Cell::new(0),
            newest: RefCell::default(),
            by_figure: RefCell::default(),
        })
    }

    /// Begins one of the running broker.
    pub fn begin(&self, broker: &Broker) -> Profile {
        let data = self.folder.join("perf.data");
        let look = broker.id().and_then(|id| perf::record_symbols(id, &data).ok());
        if look.is_some() {
            std::thread::sleep(OPENING);
        }
        Profile { look, data }
    }

    /// Ends it and writes it down under a name.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn end(&self, profile: Profile, broker: &Broker, name: &str) -> anyhow::Result<()> {
        let samples = profile.report();
        self.write(broker, name, &samples.unwrap_or_else(|| "perf gave nothing".to_owned()))
    }

    /// Writes down what the log and the memory of the broker say; `more` comes first.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, broker: &Broker, name: &str, more: &str) -> anyhow::Result<()> {
        self.written.set(self.written.get() + 1);
        let file = format!("{:02}-{}.txt", self.written.get(), name.replace(' ', "-"));
        let memory = broker.id().and_then(|id| {
            let text = fs::read_to_string(format!("/proc/{id}/smaps_rollup")).ok()?;
            Some(format!("\nMemory\n{text}"))
        });
        let memory = memory.unwrap_or_default();
        let log = broker.tail(LOG_BYTES);
        fs::write(self.folder.join(&file), format!("{name}\n\n{more}\n{memory}\nLog\n{log}\n"))?;
        let folder = self.folder.file_name().unwrap_or_default().to_string_lossy();
        *self.newest.borrow_mut() = format!("{folder}/{file}");
        Ok(())
    }

    /// The figure came of what was profiled last.
    pub fn shows(&self, figure: &str) {
        let newest = self.newest.borrow().clone();
        self.by_figure.borrow_mut().insert(figure.to_owned(), newest);
    }

    /// The file of each figure.
    pub fn into_files(self) -> BTreeMap<String, String> {
        self.by_figure.into_inner()
    }
}

impl Profile {
    /// Ends it: symbols by their share of the samples.
    fn report(self) -> Option<String> {
        let look = self.look?;
        look.interrupt();
        // It says "interrupted" in its own way: what counts is whether its file can be read.
        let _ = look.end();
        let symbols = perf::symbols(&self.data);
        // Tens of megabytes that only this machine can read.
        let _ = fs::remove_file(&self.data);
        symbols.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::Peer;

    #[test]
    fn figures_belong_to_what_was_profiled_last() {
        let folder = tempfile::tempdir().unwrap();
        let peer = Peer::At { name: "x".to_owned(), address: "127.0.0.1:1".to_owned() };
        let broker = Broker::new(&peer, &folder.path().join("broker"), &[]).unwrap();
        let profiles = Profiles::new(folder.path().join("profiles")).unwrap();
        profiles.write(&broker, "half load", "samples").unwrap();
        profiles.shows("half load p99 / S");
        profiles.write(&broker, "tail", "").unwrap();
        profiles.shows("tail MB/s");
        let text = fs::read_to_string(folder.path().join("profiles/01-half-load.txt")).unwrap();
        assert!(text.starts_with("half load\n\nsamples\n"), "{text}");
        let files = profiles.into_files();
        assert_eq!(files["half load p99 / S"], "profiles/01-half-load.txt");
        assert_eq!(files["tail MB/s"], "profiles/02-tail.txt");
    }
}
