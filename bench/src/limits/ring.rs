//! P11 and P14: the engine's own ring with nothing at the end of its trips, and a trivial system
//! call.

use std::time::Instant;

use corelog_engine::runtime::{RingTrip, ring_trips, run_here};

use super::figures::{Figures, Primitive};
use super::site::{MICROS, Site};
use super::sync::quantile;
use crate::machine::process_seconds;

const HOP: Primitive = Primitive {
    id: "P11",
    name: "t_wq",
    meaning: "a no-op by a thread of the kernel, over the same inline",
    unit: "us",
};
const CALL: Primitive = Primitive {
    id: "P14",
    name: "t_sys",
    meaning: "a trivial system call; a no-op through the ring, submitted and reaped",
    unit: "us",
};
/// Operations that are submitted together.
const BATCHES: [usize; 3] = [1, 8, 32];
/// Calls between two looks at the clock.
const CALLS: usize = 1000;

/// Latency and CPU of lone trips, in microseconds.
struct Trips {
    p50: f64,
    cpu: f64,
}

/// Measures P11 and P14.
///
/// # Errors
/// There is no ring.
pub fn measure(site: &Site, figures: &mut Figures) -> anyhow::Result<()> {
    let both = site.rounds(|_| {
        run_here(async {
            let inline = lone_trips(site, RingTrip::Inline).await?;
            Ok((inline, lone_trips(site, RingTrip::Hop).await?))
        })
    })?;
    let more = |of: fn(&Trips) -> f64| -> Vec<f64> {
        both.iter().map(|(inline, hop)| of(hop) - of(inline)).collect()
    };
    figures.add(HOP, "latency p50", &more(|trips| trips.p50));
    figures.add(HOP, "CPU", &more(|trips| trips.cpu));

    let calls = site.rounds(|_| {
        let (count, seconds) = site.for_a_slice(|| {
            for _ in 0..CALLS {
                std::hint::black_box(rustix::process::getppid());
            }
            Ok(())
        })?;
        Ok(seconds / (count * CALLS as f64) * MICROS)
    })?;
    figures.add(CALL, "getppid", &calls);
    for batch in BATCHES {
        let trips = site.rounds(|_| run_here(batches(site, batch)))?;
        figures.add(CALL, format!("ring, {batch} at once, each"), &trips);
    }
    Ok(())
}

async fn lone_trips(site: &Site, trip: RingTrip) -> anyhow::Result<Trips> {
    let (begun, before) = (Instant::now(), process_seconds());
    let mut times = Vec::new();
    while begun.elapsed() < site.plan.slice {
        let start = Instant::now();
        ring_trips(1, trip).await?;
        times.push(start.elapsed().as_secs_f64() * MICROS);
    }
    let cpu = (process_seconds() - before) / times.len().max(1) as f64 * MICROS;
    times.sort_by(f64::total_cmp);
    Ok(Trips { p50: quantile(&times, 0.5).unwrap_or(0.0), cpu })
}

/// Microseconds of one operation of a batch.
async fn batches(site: &Site, batch: usize) -> anyhow::Result<f64> {
    let begun = Instant::now();
    let mut count = 0.0;
    while begun.elapsed() < site.plan.slice {
        ring_trips(batch, RingTrip::Inline).await?;
        count += batch as f64;
    }
    Ok(begun.elapsed().as_secs_f64() / count * MICROS)
}
