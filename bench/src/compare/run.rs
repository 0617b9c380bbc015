//! All rounds: the brokers take turns, so that what changes on the machine meets all of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::Context;

use super::ceiling;
use super::figures::Figures;
use super::limits;
use super::output::Results;
use super::profile::Profiles;
use super::settings::{Peer, Settings};
use super::turn::{FLOORS, Stage, recover, take};
use crate::machine::{self, Disk, FullCache};

/// Rows that need the rate that every broker can do.
const RATED: [u8; 6] = [6, 7, 10, 11, 12, 13];
/// Bytes of a megabyte.
const MB: f64 = 1e6;

/// What is done in a turn.
type Work = fn(&Stage, &Peer, &Path, &mut Figures) -> anyhow::Result<()>;

/// Compares, prints and writes the results; whether every step worked.
///
/// # Errors
/// The folder is on no disk or a full one, a broker does not start, or results cannot be written.
pub fn run(settings: &Settings) -> anyhow::Result<bool> {
    fs::create_dir_all(&settings.folder)
        .with_context(|| format!("cannot make {}", settings.folder.display()))?;
    has_room(settings)?;
    let disk = Disk::under(&settings.folder)?;
    let mut cache = match settings.fills_cache {
        true => Some(FullCache::new(&settings.folder)?),
        false => None,
    };
    let filled = regime(fill(&mut cache)?);
    let limits = limits::find(settings)?;
    let sync = disk.probe(&settings.folder)?;
    let ceiling = ceiling::measure(settings)?;
    let stage =
        Stage { settings, disk: &disk, sync, equal_rate: None, is_long: false, profiles: None };
    let equal_rate = match settings.peers.len() > 1 && settings.wants(&RATED) {
        true => Some(equal_rate(&stage)?),
        false => None,
    };
    let mut stage = Stage { equal_rate, ..stage };
    let mut figures = Figures::default();
    let free_mb = rounds(&mut stage, &mut cache, &mut figures)?;
    let brokers: Vec<String> = settings.peers.iter().map(|peer| peer.name().to_owned()).collect();
    let mut circumstances = circumstances(&stage, filled);
    let most = ceiling.mb_per_second;
    circumstances.push(("client's ceiling".to_owned(), format!("{most:.0} MB/s")));
    if let Some(kept) = ceiling.kept {
        let text = format!("{kept:.3} kept where nothing is done for the requests");
        circumstances.push(("client's own row 20".to_owned(), text));
    }
    let mut results = Results {
        brokers: &brokers,
        figures: &figures,
        limits: &limits,
        circumstances: &circumstances,
        free_mb,
        profiles: BTreeMap::new(),
    };
    if settings.profiles {
        results.profiles = profiles(stage, &results.missed())?;
    }
    println!("{}", results.text());
    results.write(&settings.out)?;
    println!("\nkept in {}", settings.out.display());
    Ok(figures.failures.is_empty())
}

/// Says what is missing before anything is measured.
fn has_room(settings: &Settings) -> anyhow::Result<()> {
    let disk = rustix::fs::statvfs(&settings.folder)?;
    let (free, wanted) = (disk.f_bavail * disk.f_frsize, settings.lengths.disk_bytes);
    let folder = settings.folder.display();
    anyhow::ensure!(free >= wanted, "{folder}: {wanted} bytes have to be free, {free} are");
    Ok(())
}

/// All turns of all rounds; then, because it empties the page cache, the recoveries. The megabytes
/// that were free before each turn.
fn rounds(
    stage: &mut Stage,
    cache: &mut Option<FullCache>,
    figures: &mut Figures,
) -> anyhow::Result<Vec<f64>> {
    let (settings, lengths) = (stage.settings, stage.settings.lengths);
    let (begun, mut all_free) = (Instant::now(), Vec::new());
    for round in 0..lengths.rounds {
        stage.is_long = round < lengths.long_rounds;
        for peer in order(&settings.peers, round) {
            let free = fill(cache)?;
            all_free.extend(free);
            let (name, number, so_far) = (peer.name(), round + 1, begun.elapsed().as_secs());
            let (rounds, regime) = (lengths.rounds, regime(free));
            eprintln!("round {number} of {rounds}: {name}, page cache {regime}; {so_far} s so far");
            turn(stage, peer, figures, take)?;
        }
    }
    if settings.wants(&[18]) {
        for round in 0..lengths.long_rounds {
            for peer in order(&settings.peers, round) {
                turn(stage, peer, figures, recover)?;
            }
        }
    }
    Ok(all_free)
}

/// Measures the missed rows of the first broker once more, with profiles: the file of each figure.
/// The figures themselves are of no use.
fn profiles(stage: Stage, missed: &[u8]) -> anyhow::Result<BTreeMap<String, String>> {
    let Some(peer) = stage.settings.peers.first() else { return Ok(BTreeMap::new()) };
    eprintln!("profiles of rows {missed:?}");
    let mut settings = stage.settings.clone();
    settings.rows = missed.iter().copied().chain([FLOORS]).collect();
    let profiles = Some(Profiles::new(settings.out.join("profiles"))?);
    let mut look = Stage { settings: &settings, is_long: true, profiles, ..stage };
    let mut figures = Figures::default();
    turn(&look, peer, &mut figures, take)?;
    if missed.contains(&18) {
        turn(&look, peer, &mut figures, recover)?;
    }
    figures.failures.iter().for_each(|failure| eprintln!("  no profile: {failure}"));
    Ok(look.profiles.take().map(Profiles::into_files).unwrap_or_default())
}

/// Makes the page cache regime the same for the next turn; the megabytes that are free then.
fn fill(cache: &mut Option<FullCache>) -> anyhow::Result<Option<f64>> {
    let Some(cache) = cache else { return Ok(None) };
    Ok(Some(cache.fill()? as f64 / MB))
}

/// The regime of a turn in words.
fn regime(free_mb: Option<f64>) -> String {
    match free_mb {
        Some(free) => format!("full before each turn ({free:.0} MB free)"),
        None => "as it was: figures say little".to_owned(),
    }
}

/// The brokers of a round; each begins in turn.
fn order(peers: &[Peer], round: usize) -> impl Iterator<Item = &Peer> {
    let first = round % peers.len().max(1);
    peers.iter().cycle().skip(first).take(peers.len())
}

/// A turn in a folder of its own, which is removed. A turn that does not work is a failure among
/// the figures.
fn turn(stage: &Stage, peer: &Peer, figures: &mut Figures, work: Work) -> anyhow::Result<()> {
    let folder = stage.settings.folder.join(peer.name());
    if let Err(why) = work(stage, peer, &folder, figures) {
        eprintln!("  {}: {why:#}", peer.name());
        figures.failures.push(format!("{}: {why:#}", peer.name()));
    }
    fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))
}

/// What the slowest broker does durably, in records a second, from one short look at each.
fn equal_rate(stage: &Stage) -> anyhow::Result<f64> {
    let mut settings = stage.settings.clone();
    settings.rows = vec![1];
    let look = Stage { settings: &settings, profiles: None, ..*stage };
    let mut figures = Figures::default();
    for peer in &settings.peers {
        eprintln!("a look at {}", peer.name());
        turn(&look, peer, &mut figures, take)?;
    }
    let rates = settings.peers.iter().map(|peer| {
        let rate = figures.last(peer.name(), "d2 produce records/s");
        rate.with_context(|| format!("{} did not produce: {:?}", peer.name(), figures.failures))
    });
    rates.into_iter().try_fold(f64::INFINITY, |least, rate| Ok(least.min(rate?)))
}

/// What a reader has to know.
fn circumstances(stage: &Stage, regime: String) -> Vec<(String, String)> {
    let (settings, lengths) = (stage.settings, stage.settings.lengths);
    let placement = match settings.broker_cpus.as_slice() {
        [] => "shared: broker and load run where the kernel likes".to_owned(),
        cpus => format!("split: broker on CPUs {cpus:?}, load on {:?}", settings.load_cpus),
    };
    let mut known = machine::circumstances();
    let seconds = |count: u64| format!("{count} s");
    let more = [
        ("page cache regime", regime),
        ("placement", placement),
        ("rounds", format!("{}; {} of the long steps", lengths.rounds, lengths.long_rounds)),
        (
            "each load",
            format!("{} warm-up, {} measured", seconds(lengths.warmup), seconds(lengths.measured)),
        ),
        (
            "idle partitions, connections",
            format!("{}, {}", lengths.partitions, lengths.connections),
        ),
        ("disk", stage.disk.name().to_owned()),
        (
            "one sync of a growing file (S)",
            format!("{:.3} ms, {:.2} flushes", stage.sync.append_ms, stage.sync.flushes),
        ),
        ("one sync after writing over", format!("{:.3} ms", stage.sync.overwrite_ms)),
        (
            "client",
            "corelog-bench, acks=all, no idempotence; MB and GB are powers of ten of record values"
                .to_owned(),
        ),
        (
            "equal rate",
            stage.equal_rate.map_or("-".to_owned(), |rate| format!("half of {rate:.0} records/s")),
        ),
    ];
    known.extend(more.map(|(name, value)| (name.to_owned(), value)));
    known
}
