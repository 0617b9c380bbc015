//! All rounds: the brokers take turns, so that what changes on the machine meets all of them.

use std::fs;

use anyhow::Context;

use super::figures::Figures;
use super::limits;
use super::output::Results;
use super::settings::{Peer, Settings};
use super::turn::{Stage, Turn};
use crate::machine::{self, Disk, FullCache};

/// Rows that need the rate that every broker can do.
const RATED: [u8; 6] = [6, 7, 10, 11, 12, 13];
/// Bytes of a megabyte.
const MB: f64 = 1e6;

/// Compares, prints and writes the results; whether every step worked.
///
/// # Errors
/// The folder is on no disk, a broker does not start, or results cannot be written.
pub fn run(settings: &Settings) -> anyhow::Result<bool> {
    fs::create_dir_all(&settings.folder)
        .with_context(|| format!("cannot make {}", settings.folder.display()))?;
    let disk = Disk::under(&settings.folder)?;
    let limits = limits::read(settings.limits.as_deref())?;
    let mut cache = match settings.fills_cache {
        true => Some(FullCache::new(&settings.folder)?),
        false => None,
    };
    let regime = fill(&mut cache)?;
    let sync = disk.probe(&settings.folder)?;
    let mut stage = Stage { settings, disk: &disk, sync, equal_rate: None };
    if settings.peers.len() > 1 && settings.wants(&RATED) {
        stage.equal_rate = Some(equal_rate(&stage)?);
    }
    let mut figures = Figures::default();
    for round in 0..settings.lengths.rounds {
        for peer in order(&settings.peers, round) {
            let (regime, number) = (fill(&mut cache)?, round + 1);
            let rounds = settings.lengths.rounds;
            eprintln!("round {number} of {rounds}: {}, page cache {regime}", peer.name());
            if let Err(why) = turn(&stage, peer, &mut figures) {
                eprintln!("  {}: {why:#}", peer.name());
                figures.failures.push(format!("{}: round {number}: {why:#}", peer.name()));
            }
        }
    }
    let brokers: Vec<String> = settings.peers.iter().map(|peer| peer.name().to_owned()).collect();
    let circumstances = circumstances(&stage, regime);
    let (figures, limits, circumstances) = (&figures, &limits, &circumstances[..]);
    let results = Results { brokers: &brokers, figures, limits, circumstances };
    println!("{}", results.text());
    results.write(&settings.out)?;
    println!("\nkept in {}", settings.out.display());
    Ok(figures.failures.is_empty())
}

/// Makes the page cache regime the same for the next turn; the regime in words.
fn fill(cache: &mut Option<FullCache>) -> anyhow::Result<String> {
    let Some(cache) = cache else { return Ok("as it was: figures say little".to_owned()) };
    let free = cache.fill()? as f64 / MB;
    Ok(format!("full before each turn ({free:.0} MB free)"))
}

/// The brokers of a round; each begins in turn.
fn order(peers: &[Peer], round: usize) -> impl Iterator<Item = &Peer> {
    let first = round % peers.len().max(1);
    peers.iter().cycle().skip(first).take(peers.len())
}

/// A turn in a folder of its own, which is removed.
fn turn(stage: &Stage, peer: &Peer, figures: &mut Figures) -> anyhow::Result<()> {
    let folder = stage.settings.folder.join(peer.name());
    let taken = Turn::take(stage, peer, &folder, figures);
    fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    taken
}

/// What the slowest broker does durably, in records a second, from one short look at each.
fn equal_rate(stage: &Stage) -> anyhow::Result<f64> {
    let mut settings = stage.settings.clone();
    settings.rows = vec![1];
    let look = Stage { settings: &settings, disk: stage.disk, sync: stage.sync, equal_rate: None };
    let mut figures = Figures::default();
    for peer in &settings.peers {
        eprintln!("a look at {}", peer.name());
        turn(&look, peer, &mut figures)?;
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
        ("rounds", lengths.rounds.to_string()),
        (
            "each load",
            format!("{} warm-up, {} measured", seconds(lengths.warmup), seconds(lengths.measured)),
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
