//! One broker's turn of one round: the list of its steps. A step that fails is noted, and the next
//! one is tried.

use std::collections::BTreeMap;
use std::path::Path;

use super::broker::Broker;
use super::figures::Figures;
use super::meter::{Measured, measure};
use super::profile::Profiles;
use super::settings::{Lengths, Peer, Settings};
use super::{fetch, latency, memory, produce, start};
use crate::machine::{Disk, Sync};
use crate::workload::Workload;

/// The topic setting that says after how many records a flush is asked for.
const FLUSH: &str = "flush.messages";

/// When an ack is given. Figures of the two never stand in one table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// After the page cache has the record.
    D1,
    /// After the device has flushed it.
    D2,
}

impl Class {
    /// As in the names of figures and topics.
    pub fn name(self) -> &'static str {
        match self {
            Class::D1 => "d1",
            Class::D2 => "d2",
        }
    }
}

/// What is known to all turns.
pub struct Stage<'a> {
    /// The comparison.
    pub settings: &'a Settings,
    /// The disk under the folder.
    pub disk: &'a Disk,
    /// What a sync costs on it.
    pub sync: Sync,
    /// Records a second, that every broker can do durably, for loads at equal rates.
    pub equal_rate: Option<f64>,
    /// Whether the turns take the long steps too.
    pub is_long: bool,
    /// What was missed is looked at once more, with these.
    pub profiles: Option<Profiles>,
}

/// A broker and its turn.
pub struct Turn<'a> {
    /// What is known to all.
    pub stage: &'a Stage<'a>,
    /// Who it is.
    pub peer: &'a Peer,
    /// The running broker.
    pub broker: Broker,
    /// Where figures go.
    pub figures: &'a mut Figures,
}

/// Stands for a row in the list of steps: floors under the goal table, which no row shows.
pub const FLOORS: u8 = 0;

/// A step.
struct Step {
    name: &'static str,
    /// The rows it is for.
    rows: &'static [u8],
    is_long: bool,
    run: fn(&mut Turn) -> anyhow::Result<()>,
}

const fn step(
    name: &'static str,
    rows: &'static [u8],
    run: fn(&mut Turn) -> anyhow::Result<()>,
) -> Step {
    Step { name, rows, is_long: false, run }
}

const fn long_step(
    name: &'static str,
    rows: &'static [u8],
    run: fn(&mut Turn) -> anyhow::Result<()>,
) -> Step {
    Step { name, rows, is_long: true, run }
}

const STEPS: [Step; 15] = [
    step("memory when idle", &[15, FLOORS], memory::idle),
    step("warm-up", &[1, 2, 3, 5, 6, 7, 9, 10, 11, 12, 13, 20, FLOORS], produce::warm_up),
    step("durable and cached produce", &[1, 2, 6, 7, 11, 12, 13, 15], produce::throughput),
    step("large batches", &[FLOORS], produce::large_batches),
    step("memory when loaded", &[15, FLOORS], memory::loaded),
    step("compressed batches", &[13], produce::compressed),
    step("small batches", &[3], produce::small),
    step("ack of one record at a time", &[5, FLOORS], latency::idle_ack),
    step("half load", &[6, 11, 12], latency::half_load),
    step("end to end", &[7], latency::end_to_end),
    step("tail fetch", &[9, FLOORS], fetch::tail),
    step("fan-out", &[10], fetch::fan_out),
    step("connections", &[20], memory::connections),
    long_step("idle connections and partitions", &[16, 17, 25], memory::idle_things),
    long_step("start with data", &[17], start::with_data),
];

/// Starts a broker in an empty folder and takes all steps.
///
/// # Errors
/// It does not start.
pub fn take(
    stage: &Stage,
    peer: &Peer,
    folder: &Path,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let broker = Broker::new(peer, folder, &stage.settings.broker_cpus)?;
    let mut turn = Turn { stage, peer, broker, figures };
    start::empty(&mut turn)?;
    for step in STEPS {
        if stage.settings.wants(step.rows) && (stage.is_long || !step.is_long) {
            eprintln!("  {}: {}", peer.name(), step.name);
            if let Err(why) = (step.run)(&mut turn) {
                turn.failed(step.name, &why);
            }
        }
    }
    turn.broker.kill();
    Ok(())
}

/// Kills a broker under load and starts it again, once for each size.
///
/// # Errors
/// The folder cannot be written.
pub fn recover(
    stage: &Stage,
    peer: &Peer,
    folder: &Path,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    if matches!(peer, Peer::At { .. }) {
        return Ok(()); // somebody else runs it
    }
    let broker = Broker::new(peer, folder, &stage.settings.broker_cpus)?;
    let mut turn = Turn { stage, peer, broker, figures };
    for gigabytes in &stage.settings.recovered {
        eprintln!("  {}: recovery of {gigabytes} GB", peer.name());
        if let Err(why) = start::recovery(&mut turn, folder, *gigabytes) {
            turn.failed("recovery", &why);
        }
    }
    Ok(())
}

impl Turn<'_> {
    /// Notes what did not work.
    pub fn failed(&mut self, step: &str, why: &anyhow::Error) {
        let text = format!("{}: {step}: {why:#}", self.peer.name());
        eprintln!("  {text}");
        self.figures.failures.push(text);
    }

    /// How long everything is.
    pub fn lengths(&self) -> Lengths {
        self.stage.settings.lengths
    }

    /// Adds a figure, if there is one.
    pub fn add(&mut self, name: &str, value: impl Into<Option<f64>>) {
        if let Some(value) = value.into().filter(|value| value.is_finite()) {
            self.figures.add(self.peer.name(), name, value);
            if let Some(profiles) = &self.stage.profiles {
                profiles.shows(name);
            }
        }
    }

    /// A figure of this round.
    pub fn known(&self, name: &str) -> Option<f64> {
        self.figures.last(self.peer.name(), name)
    }

    /// A workload of the usual lengths in a durability class, to a topic of its own.
    pub fn workload(&self, name: &str, class: Class) -> anyhow::Result<Workload> {
        let lengths = self.lengths();
        let text = crate::workload::find(name, &[])?;
        Ok(Workload {
            topic: format!("{}-{name}", class.name()),
            configs: configs(self.peer, class),
            warmup_seconds: lengths.warmup,
            seconds: lengths.measured,
            cpus: self.stage.settings.load_cpus.clone(),
            // Without a CPU of its own, a load that spins would take the broker's.
            spin: text.spin && !self.stage.settings.load_cpus.is_empty(),
            ..text
        })
    }

    /// Runs a load against the broker.
    ///
    /// # Errors
    /// It fails.
    pub fn measure(&self, workload: &Workload) -> anyhow::Result<Measured> {
        self.profiled(&workload.topic, || measure(&self.broker, self.stage.disk, workload, false))
    }

    /// As [`Turn::measure`], with the system calls counted.
    ///
    /// # Errors
    /// The load fails.
    pub fn measure_syscalls(&self, workload: &Workload) -> anyhow::Result<Measured> {
        self.profiled(&workload.topic, || measure(&self.broker, self.stage.disk, workload, true))
    }

    /// Does some work, with a profile of the broker meanwhile where one is wanted.
    ///
    /// # Errors
    /// Those of the work.
    pub fn profiled<T>(
        &self,
        name: &str,
        work: impl FnOnce() -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let Some(profiles) = &self.stage.profiles else { return work() };
        let profile = profiles.begin(&self.broker);
        let done = work();
        profiles.end(profile, &self.broker, name)?;
        done
    }

    /// Writes down log and memory of the broker as they are now, where profiles are wanted.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn noted(&self, name: &str) -> anyhow::Result<()> {
        let profiles = self.stage.profiles.as_ref();
        profiles.map_or(Ok(()), |profiles| profiles.write(&self.broker, name, ""))
    }
}

/// What puts a topic into a durability class: each broker's default is left alone.
fn configs(peer: &Peer, class: Class) -> BTreeMap<String, String> {
    let setting = match (peer, class) {
        (Peer::Corelog(_), Class::D1) => Some(i64::MAX.to_string()),
        (Peer::Kafka(_), Class::D2) => Some("1".to_owned()),
        _ => None,
    };
    setting.map(|value| (FLUSH.to_owned(), value)).into_iter().collect()
}
