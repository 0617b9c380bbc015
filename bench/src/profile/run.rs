//! Runs a load in three sections of equal length behind its warm-up: one in which nobody looks,
//! for what a request costs; one that is sampled; one in which system calls are counted. Looking
//! slows a broker down, so the sections share no seconds.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::account::Seen;
use super::{flame, stacks};
use crate::compare::{Broker, Peer};
use crate::load::{self, Target};
use crate::machine::perf::{self, CallGraph, Look};
use crate::machine::{FullCache, circumstances, cpu_seconds, switches};
use crate::measure::{Flow, Interval};
use crate::workload::{self, Workload};

/// Between the start of perf and the end of its section, in seconds.
const MARGIN: u64 = 2;
/// What readers without producers find in their topic.
const HOT_BYTES: u64 = 1 << 30;
/// Asks for no flush: what readers find is only to be there.
const NO_FLUSH: (&str, &str) = ("flush.messages", "9223372036854775807");

/// Who is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A `corelog` that is started for it, with its data in a folder that is removed.
    Binary(PathBuf),
    /// A process, and where it is reached.
    Process(u32, String),
}

/// What is looked at, and how.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Who.
    pub subject: Subject,
    /// Name of the workload.
    pub name: String,
    /// The workload.
    pub workload: Workload,
    /// Seconds of each section.
    pub section: u64,
    /// How callers are found.
    pub graph: CallGraph,
    /// Whether the page cache is filled first, so that new pages come from reclaim.
    pub fills_cache: bool,
    /// Folder for data and samples, removed at the end.
    pub folder: PathBuf,
    /// Where the results go.
    pub out: PathBuf,
}

/// Looks, and writes `account.txt` and `flame.svg`; gives the account.
///
/// # Errors
/// perf is missing or may not look, the broker does not start, or the load fails.
pub fn run(settings: &Settings) -> anyhow::Result<String> {
    anyhow::ensure!(
        settings.section > MARGIN + 1,
        "a section takes {} seconds at least",
        MARGIN + 2
    );
    perf::check()?;
    for folder in [&settings.folder, &settings.out] {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let seen = seen(settings);
    let _ = fs::remove_dir_all(&settings.folder);
    let seen = seen?;
    let title = format!("{}: {:.1} us of CPU a request", settings.name, seen.micros_per_request());
    let text = seen.text();
    write(&settings.out.join("flame.svg"), &flame::svg(&title, &seen.stacks))?;
    write(&settings.out.join("account.txt"), &text)?;
    Ok(text)
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

fn seen(settings: &Settings) -> anyhow::Result<Seen> {
    let mut cache = match settings.fills_cache {
        true => Some(FullCache::new(&settings.folder)?),
        false => None,
    };
    let mut started = None;
    let (id, address) = match &settings.subject {
        Subject::Process(id, address) => (*id, address.clone()),
        Subject::Binary(binary) => {
            let folder = settings.folder.join("broker");
            let broker = started.insert(Broker::new(&Peer::Corelog(binary.clone()), &folder, &[])?);
            broker.start()?;
            (broker.id().context("the broker has no process")?, broker.address())
        }
    };
    if settings.workload.producers == 0 {
        fill(&settings.workload, &address)?;
    }
    let regime = match &mut cache {
        Some(cache) => format!("full ({:.0} MB free)", cache.fill()? as f64 / 1e6),
        None => "as it was found".to_owned(),
    };
    let mut header = vec![("workload".to_owned(), settings.name.clone())];
    header.push(("page cache regime".to_owned(), regime));
    header.extend(circumstances());
    look(settings, id, &address, header)
}

/// Gives readers something to read.
fn fill(readers: &Workload, address: &str) -> anyhow::Result<()> {
    let mut workload = workload::find("durable", &[])?;
    workload.topic = readers.topic.clone();
    workload.partitions = readers.partitions;
    workload.records = HOT_BYTES / workload.record_bytes as u64;
    workload.configs.extend([(NO_FLUSH.0.to_owned(), NO_FLUSH.1.to_owned())]);
    let target = Target::find(address, &workload)?;
    load::run(&workload, &target, &mut |_| {})?;
    Ok(())
}

/// Counters at a moment.
fn counters(id: u32) -> Option<(f64, u64)> {
    Some((cpu_seconds(id).ok()?.seconds, switches(id).ok()?))
}

/// What is under way while the load runs.
#[derive(Default)]
struct Looks {
    before: Option<(f64, u64)>,
    after: Option<(f64, u64)>,
    /// Of the first section, and of the part of the last one in which calls were counted.
    plain: Flow,
    counted: Flow,
    started: Vec<anyhow::Result<Look>>,
}

impl Looks {
    /// A second is over.
    fn second(&mut self, second: &Interval, settings: &Settings, id: u32, samples: &Path) {
        let (section, warmup) = (settings.section, settings.workload.warmup_seconds);
        let flow = match settings.workload.producers {
            0 => second.consumed,
            _ => second.produced,
        };
        match second.second.checked_sub(warmup) {
            Some(at) if at < section => self.plain.add(&flow),
            // perf takes less than a second to start, and slows the broker from then on: whole
            // seconds in which it counted.
            Some(at) if (2 * section + 1..3 * section - MARGIN).contains(&at) => {
                self.counted.add(&flow);
            }
            _ => {}
        }
        let (over, time) = (second.second + 1, section - MARGIN);
        if over == warmup {
            self.before = counters(id);
        } else if over == warmup + section {
            self.after = counters(id);
            self.started.push(perf::record(id, time, settings.graph, samples));
        } else if over == warmup + 2 * section {
            self.started.push(perf::count(id, time));
        }
    }
}

fn look(
    settings: &Settings,
    id: u32,
    address: &str,
    header: Vec<(String, String)>,
) -> anyhow::Result<Seen> {
    let samples = settings.folder.join("perf.data");
    let mut workload = settings.workload.clone();
    (workload.records, workload.seconds) = (0, 3 * settings.section);
    anyhow::ensure!(workload.warmup_seconds > 0, "warmup_seconds: a second at least");
    let target = Target::find(address, &workload)?;
    let mut looks = Looks::default();
    let outcome = load::run(&workload, &target, &mut |second| {
        looks.second(second, settings, id, &samples);
    })?;
    if let Some(complaint) = &outcome.complaint {
        anyhow::bail!("refused: {complaint}");
    }
    let mut said = Vec::new();
    for look in looks.started {
        said.push(look?.end()?);
    }
    let (Some(before), Some(after)) = (looks.before, looks.after) else {
        anyhow::bail!("there is no process {id}");
    };
    let [_, counted] = said.as_slice() else {
        anyhow::bail!("the load ended before its last section");
    };
    let time = (settings.section - MARGIN) as f64;
    let rate = |(name, calls): (String, u64)| (name, calls as f64 / time);
    let calls: BTreeMap<String, f64> = perf::calls(counted).into_iter().map(rate).collect();
    Ok(Seen {
        header,
        requests: looks.plain.requests,
        bytes: looks.plain.bytes,
        seconds: settings.section as f64,
        cpu: after.0 - before.0,
        switches: after.1.saturating_sub(before.1),
        stacks: stacks::fold(&perf::script(&samples)?),
        calls,
        counted_rate: looks.counted.requests as f64 / (settings.section - MARGIN - 1) as f64,
    })
}
