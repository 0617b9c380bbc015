//! One broker's turn of one round: the list of its steps. A step that fails is noted, and the next
//! one is tried.

use std::collections::BTreeMap;
use std::path::Path;

use super::broker::Broker;
use super::figures::Figures;
use super::meter::{Measured, measure};
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

/// A step, and the rows it is for.
type Step = (&'static str, &'static [u8], fn(&mut Turn) -> anyhow::Result<()>);

const STEPS: [Step; 14] = [
    ("memory when idle", &[15], memory::idle),
    ("warm-up", &[1, 2, 3, 5, 6, 7, 9, 10, 11, 12, 13, 20], produce::warm_up),
    ("durable and cached produce", &[1, 2, 6, 7, 11, 12, 13, 15], produce::throughput),
    ("memory when loaded", &[15], memory::loaded),
    ("compressed batches", &[13], produce::compressed),
    ("small batches", &[3], produce::small),
    ("ack of one record at a time", &[5], latency::idle_ack),
    ("half load", &[6, 11, 12], latency::half_load),
    ("end to end", &[7], latency::end_to_end),
    ("tail fetch", &[9], fetch::tail),
    ("fan-out", &[10], fetch::fan_out),
    ("connections", &[16, 20], memory::connections),
    ("partitions", &[16, 17, 25], memory::partitions),
    ("start with data", &[17], start::with_data),
];

impl<'a> Turn<'a> {
    /// Starts a broker in an empty folder and takes all steps.
    ///
    /// # Errors
    /// It does not start.
    pub fn take(
        stage: &'a Stage<'a>,
        peer: &'a Peer,
        folder: &Path,
        figures: &'a mut Figures,
    ) -> anyhow::Result<()> {
        let broker = Broker::new(peer, folder, &stage.settings.broker_cpus)?;
        let mut turn = Turn { stage, peer, broker, figures };
        start::empty(&mut turn)?;
        for (name, rows, step) in STEPS {
            if stage.settings.wants(rows) {
                eprintln!("  {}: {name}", peer.name());
                if let Err(why) = step(&mut turn) {
                    turn.failed(name, &why);
                }
            }
        }
        turn.broker.kill();
        if stage.settings.wants(&[18]) && !matches!(peer, Peer::At { .. }) {
            eprintln!("  {}: recovery", peer.name());
            if let Err(why) = start::recovery(&mut turn, folder) {
                turn.failed("recovery", &why);
            }
        }
        Ok(())
    }

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
        measure(&self.broker, self.stage.disk, workload, false)
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
