//! The one clock of all measurements: CLOCK_MONOTONIC in nanoseconds, the same for every process
//! of a machine, so that a producer's stamp can be read by another process. Any thread.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};

/// Nanoseconds of a second.
pub const SECOND: u64 = 1_000_000_000;

/// Nanoseconds since the machine's start.
pub fn now() -> u64 {
    let time = clock_gettime(ClockId::Monotonic);
    time.tv_sec.unsigned_abs() * SECOND + time.tv_nsec.unsigned_abs()
}

/// Milliseconds since 1970, for record timestamps and file names.
pub fn wall_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Whole seconds in nanoseconds.
pub fn seconds(count: u64) -> u64 {
    count.saturating_mul(SECOND)
}

/// Until `at`; nothing when that has gone by.
pub fn until(at: u64) -> Duration {
    Duration::from_nanos(at.saturating_sub(now()))
}

/// Today as `2026-11-21`, in UTC.
pub fn date() -> String {
    let (year, month, day) = civil(wall_ms().div_euclid(24 * 3600 * 1000));
    format!("{year:04}-{month:02}-{day:02}")
}

/// Year, month and day of a number of days since 1970 (proleptic Gregorian calendar). Years are
/// counted from March, so that the leap day is the last of its year; 400 of them have 146,097 days.
fn civil(days: i64) -> (i64, i64, i64) {
    let since = days + 719_468; // 1 March of the year 0
    let (era, of_era) = (since.div_euclid(146_097), since.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_their_dates() {
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(11_016), (2000, 2, 29));
        assert_eq!(civil(20_778), (2026, 11, 21));
        assert_eq!(civil(-1), (1969, 12, 31));
    }
}
