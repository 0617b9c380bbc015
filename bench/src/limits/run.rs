//! All of it in order.

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context;

use super::figures::{Figures, PRIMITIVES};
use super::model::{Costs, Shapes};
use super::output::Results;
use super::plan::Plan;
use super::request::shape;
use super::site::Site;
use super::{direct, memory, network, page_cache, request, ring, round_trip, sync};
use crate::machine::{self, Disk, FullCache};

/// Bytes of a megabyte.
const MB: f64 = 1e6;

/// Whether figures of our own code mean something.
const BUILD: &str = match cfg!(debug_assertions) {
    true => "not optimised: P4 and P13, and limits from them, say nothing",
    false => "optimised",
};

/// What is measured, and where.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The data directory whose disk is measured.
    pub dir: PathBuf,
    /// The results.
    pub output: PathBuf,
    /// How long and how large.
    pub plan: Plan,
    /// Fill the page cache first, as a comparison does before every turn.
    pub fills_cache: bool,
    /// Cores of the broker, and as many for the load.
    pub cores: usize,
}

type Family = fn(&Site, &mut Figures) -> anyhow::Result<()>;

/// Page cache first: it is what fills up.
const FAMILIES: [(&str, Family); 8] = [
    ("P6 and P7: the page cache", page_cache::measure),
    ("P8 and P9: past the page cache", direct::measure),
    ("P10: syncs", sync::measure),
    ("P1 to P3: loopback", network::measure),
    ("P4 and P5: memory", memory::measure),
    ("P11 and P14: the ring", ring::measure),
    ("P12: round trips", round_trip::measure),
    ("P13: a request", request::measure),
];

/// Measures, prints and writes the results.
///
/// # Errors
/// Something cannot be measured here, or the results cannot be written.
pub fn run(settings: &Settings) -> anyhow::Result<()> {
    let begun = Instant::now();
    fs::create_dir_all(&settings.dir)
        .with_context(|| format!("cannot make {}", settings.dir.display()))?;
    let folder = settings.dir.join(format!(".corelog-limits-{}", std::process::id()));
    fs::create_dir(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let measured = measure(settings, &folder);
    fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    let (mut figures, mut circumstances) = measured?;
    figures.sort();
    circumstances.push(("took".to_owned(), format!("{:.0} s", begun.elapsed().as_secs_f64())));
    let costs = Costs::of(&figures).context("a primitive is missing")?;
    let allowed = costs.allow(&shapes()?, settings.cores as f64);
    let results = Results { circumstances: &circumstances, figures: &figures, allowed: &allowed };
    println!("{}", results.text());
    results.write(&settings.output)?;
    println!("\nkept in {}", settings.output.display());
    Ok(())
}

type Measured = (Figures, Vec<(String, String)>);

fn measure(settings: &Settings, folder: &std::path::Path) -> anyhow::Result<Measured> {
    let disk = Disk::under(&settings.dir)?;
    let cpus = machine::allowed_cpus()?;
    let broker_cpu = *cpus.first().context("there is no CPU")?;
    let load_cpu = cpus.get(1).copied().unwrap_or(broker_cpu);
    let site = Site { plan: settings.plan, folder: folder.to_owned(), broker_cpu, load_cpu };
    let mut cache = None;
    let regime = match settings.fills_cache {
        false => "as it was found: new pages may be cold, and then cost the host's page faults too"
            .to_owned(),
        true => {
            eprintln!("filling the page cache");
            let free = cache.insert(FullCache::new(folder)?).fill()? as f64 / MB;
            format!("full ({free:.0} MB free): new pages come from reclaim and are warm")
        }
    };
    let mut circumstances = machine::circumstances();
    let cores = settings.cores;
    let placed = format!("broker's side on CPU {broker_cpu}, load's side on {load_cpu}");
    let rounds = site.plan.rounds;
    let more = [
        ("page cache regime", regime),
        ("CPUs", placed),
        ("limits for", format!("{cores} cores of the broker, and as many of the load")),
        ("rounds", format!("{rounds} of {} ms", site.plan.slice.as_millis())),
        ("disk", disk.name().to_owned()),
        ("build", BUILD.to_owned()),
    ];
    circumstances.extend(more.map(|(name, value)| (name.to_owned(), value)));
    let mut figures = Figures::default();
    for (name, family) in FAMILIES {
        eprintln!("{name}");
        family(&site, &mut figures).context(name)?;
    }
    let found = figures.primitives();
    anyhow::ensure!(found == PRIMITIVES, "{found} of {PRIMITIVES} primitives were measured");
    Ok((figures, circumstances))
}

/// The requests of the goals, as `compare` makes them.
fn shapes() -> anyhow::Result<Shapes> {
    let bulk = shape("durable", &[])?;
    Ok(Shapes {
        bulk,
        lone: shape("idle-ack", &[])?,
        collected: shape("end-to-end", &["batch_bytes=16384".to_owned()])?,
        // A fetch brings the batches that were produced, without their requests.
        fetch: bulk,
    })
}
