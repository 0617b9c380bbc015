//! From figures to settings. Pure.

use super::measure::{Figures, Rate};

/// What is good enough: the rest of the way to the best costs waiting and gains little.
const ENOUGH: f64 = 0.9;
/// The least write that is not held to be small, whatever was measured.
const WRITE_BYTES_MIN: usize = 1 << 20;
/// What the broker takes as `corelog.syncs.in.flight`; below two a log's write and its sync wait
/// for each other.
const SYNCS: (usize, usize) = (2, 64);
/// The cleaner may have this part of the slower of reading and writing.
const CLEANER_SHARE: f64 = 0.25;
/// Below this compaction would fall behind for ever.
const CLEANER_BYTES_MIN: f64 = 10e6;

/// The broker's settings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Choice {
    /// `corelog.syncs.in.flight`.
    pub syncs_in_flight: usize,
    /// `corelog.write.bytes.max`.
    pub write_bytes_max: usize,
    /// `log.cleaner.io.max.bytes.per.second`.
    pub cleaner_bytes_per_second: f64,
}

/// Settings for a broker of `cores` cores. They hold for all its log dirs, so the slowest disk
/// decides. `None` without figures.
pub fn choose(all: &[Figures], cores: usize) -> Option<Choice> {
    let each = all.iter().map(|figures| of_disk(figures, cores));
    each.reduce(|a, b| Choice {
        syncs_in_flight: a.syncs_in_flight.min(b.syncs_in_flight),
        write_bytes_max: a.write_bytes_max.max(b.write_bytes_max),
        cleaner_bytes_per_second: a.cleaner_bytes_per_second.min(b.cleaner_bytes_per_second),
    })
}

fn of_disk(figures: &Figures, cores: usize) -> Choice {
    let written = best(&figures.writes);
    let slower = figures.read_per_second.map_or(written, |read| read.min(written));
    let budget = (slower * CLEANER_SHARE).max(CLEANER_BYTES_MIN);
    Choice {
        // The broker counts them on each core.
        syncs_in_flight: enough(&figures.syncs).div_ceil(cores.max(1)).clamp(SYNCS.0, SYNCS.1),
        write_bytes_max: enough(&figures.writes).max(WRITE_BYTES_MIN),
        cleaner_bytes_per_second: (budget / 1e6).round() * 1e6,
    }
}

fn best(rates: &[Rate]) -> f64 {
    rates.iter().map(|rate| rate.per_second).fold(0.0, f64::max)
}

/// The smallest setting whose rate is nearly the best.
fn enough(rates: &[Rate]) -> usize {
    let least = best(rates) * ENOUGH;
    rates.iter().find(|rate| rate.per_second >= least).map_or(0, |rate| rate.at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iotune::Latency;

    fn rates(all: &[(usize, f64)]) -> Vec<Rate> {
        all.iter().map(|(at, per_second)| Rate { at: *at, per_second: *per_second }).collect()
    }

    fn figures() -> Figures {
        Figures {
            dir: "/srv".to_string(),
            sync: Latency { p50_us: 200, p99_us: 400, count: 1000 },
            writes: rates(&[(64 << 10, 1e8), (1 << 20, 5e8), (4 << 20, 9.5e8), (8 << 20, 1e9)]),
            syncs: rates(&[(1, 1600.0), (4, 5000.0), (16, 7700.0), (64, 8000.0)]),
            read_per_second: Some(2e9),
        }
    }

    #[test]
    fn the_smallest_that_is_nearly_the_best_is_taken() {
        let choice = choose(&[figures()], 1).unwrap();
        assert_eq!(choice.syncs_in_flight, 16);
        assert_eq!(choice.write_bytes_max, 4 << 20);
        assert_eq!(choice.cleaner_bytes_per_second, 250e6);
    }

    #[test]
    fn syncs_are_shared_among_the_cores() {
        assert_eq!(choose(&[figures()], 3).unwrap().syncs_in_flight, 6);
        assert_eq!(choose(&[figures()], 64).unwrap().syncs_in_flight, 2);
    }

    #[test]
    fn a_disk_that_gains_nothing_by_size_still_gets_writes_of_a_mebibyte() {
        let flat = Figures { writes: rates(&[(64 << 10, 1e7), (1 << 20, 1e7)]), ..figures() };
        let choice = choose(&[flat], 1).unwrap();
        assert_eq!(choice.write_bytes_max, 1 << 20);
        assert_eq!(choice.cleaner_bytes_per_second, 10e6, "a least budget");
    }

    #[test]
    fn the_slowest_disk_decides() {
        let slow = Figures {
            writes: rates(&[(1 << 20, 1e8), (8 << 20, 2e8)]),
            syncs: rates(&[(1, 100.0), (4, 200.0), (16, 201.0)]),
            read_per_second: None,
            ..figures()
        };
        let choice = choose(&[figures(), slow], 1).unwrap();
        let wanted = (4, 8 << 20, 50e6);
        let found =
            (choice.syncs_in_flight, choice.write_bytes_max, choice.cleaner_bytes_per_second);
        assert_eq!(found, wanted);
        assert_eq!(choose(&[], 1), None);
    }
}
