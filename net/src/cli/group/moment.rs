//! Points in time as people write them: dates of ISO 8601 and lengths of time of the same norm.
//! Pure.

/// Milliseconds of a day.
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Unix milliseconds of `YYYY-MM-DDThh:mm:ss.sss`, in UTC unless an offset (`Z`, `+02`, `+0200`,
/// `+02:00`) follows.
///
/// # Errors
/// What would be valid.
pub fn datetime(text: &str) -> Result<i64, String> {
    let moment = || {
        let (date, clock) = text.split_once('T')?;
        let (clock, zone) = match clock.find(['Z', '+', '-']) {
            Some(at) => clock.split_at(at),
            None => (clock, "Z"),
        };
        Some(days(date)? * DAY_MS + clock_ms(clock)? - zone_ms(zone)?)
    };
    moment().ok_or_else(|| "valid is YYYY-MM-DDThh:mm:ss.sss, with an offset or in UTC".to_owned())
}

/// Milliseconds of `PnDTnHnMn.nS`; each part may be missing, and each may be negative.
///
/// # Errors
/// What would be valid.
pub fn duration(text: &str) -> Result<i64, String> {
    duration_ms(text).ok_or_else(|| "valid is PnDTnHnMnS, such as PT1H30M or P7D".to_owned())
}

/// Days since 1970-01-01 of `YYYY-MM-DD`.
fn days(date: &str) -> Option<i64> {
    let mut parts = date.splitn(3, '-');
    let year = digits(parts.next()?, 4)?;
    let month = digits(parts.next()?, 2)?;
    let day = digits(parts.next()?, 2)?;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=length).contains(&day) {
        return None;
    }
    // Years begin in March here, so that the day that some have more is the last one.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * month + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

/// Milliseconds since midnight of `hh:mm:ss.sss`.
fn clock_ms(clock: &str) -> Option<i64> {
    let mut parts = clock.splitn(3, ':');
    let hours = digits(parts.next()?, 2)?;
    let minutes = digits(parts.next()?, 2)?;
    let (seconds, fraction) = parts.next()?.split_once('.')?;
    let (seconds, ms) = (digits(seconds, 2)?, digits(fraction, 3)?);
    let is_valid = hours < 24 && minutes < 60 && seconds < 60;
    is_valid.then_some(((hours * 60 + minutes) * 60 + seconds) * 1000 + ms)
}

/// Milliseconds that a zone is ahead of UTC.
fn zone_ms(zone: &str) -> Option<i64> {
    if zone == "Z" {
        return Some(0);
    }
    let (sign, rest) = zone.split_at_checked(1)?;
    let sign = match sign {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let rest = rest.replacen(':', "", 1);
    let (hours, minutes) = match rest.len() {
        2 => (digits(&rest, 2)?, 0),
        4 => (digits(rest.get(..2)?, 2)?, digits(rest.get(2..)?, 2)?),
        _ => return None,
    };
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes) * 60_000)
}

fn digits(text: &str, count: usize) -> Option<i64> {
    let is_number = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { text.parse().ok() } else { None }
}

fn duration_ms(text: &str) -> Option<i64> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let text = text.strip_prefix(['P', 'p'])?;
    let (date, clock) = match text.split_once(['T', 't']) {
        Some((_, "")) => return None,
        Some((date, clock)) => (date, clock),
        None => (text, ""),
    };
    if date.is_empty() && clock.is_empty() {
        return None;
    }
    let ms = units(date, &[('D', DAY_MS)])?
        + units(clock, &[('H', 3_600_000), ('M', 60_000), ('S', 1000)])?;
    Some(if negative { -ms } else { ms })
}

/// The sum of numbers with their units, each unit at most once and in this order. Only seconds
/// may have a fraction.
fn units(mut text: &str, units: &[(char, i64)]) -> Option<i64> {
    let mut sum: i64 = 0;
    for (unit, ms) in units {
        let Some(at) = text.to_ascii_uppercase().find(*unit) else { continue };
        let (number, rest) = text.split_at(at);
        text = rest.get(1..)?;
        let part = match (unit, number.split_once('.')) {
            ('S', Some(_)) => (number.parse::<f64>().ok()? * 1000.0) as i64,
            (_, Some(_)) => return None,
            (_, None) => number.parse::<i64>().ok()?.checked_mul(*ms)?,
        };
        sum = sum.checked_add(part)?;
    }
    text.is_empty().then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_in_every_zone() {
        assert_eq!(datetime("1970-01-01T00:00:00.000"), Ok(0));
        assert_eq!(datetime("2020-11-10T16:51:38.198"), Ok(1_605_027_098_198));
        assert_eq!(datetime("2020-11-10T16:51:38.198Z"), Ok(1_605_027_098_198));
        for zone in ["+08", "+0800", "+08:00"] {
            let ahead = datetime(&format!("2020-11-10T16:51:38.198{zone}"));
            assert_eq!(ahead, Ok(1_605_027_098_198 - 8 * 3_600_000), "{zone}");
        }
        assert_eq!(datetime("2000-02-29T00:00:00.001-01:30"), Ok(951_782_400_001 + 5_400_000));
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "2020-11-10",
            "2020-13-10T00:00:00.000",
            "2019-02-29T00:00:00.000",
            "2020-11-10T24:00:00.000",
            "2020-11-10T00:00:00",
            "2020-11-10T00:00:00.000+8",
            "T",
            "2020-11-10T00:00:00.000+0é",
        ] {
            assert!(datetime(text).is_err(), "{text}");
        }
    }

    #[test]
    fn lengths_of_time_are_read_as_java_reads_them() {
        assert_eq!(duration("P1DT2H3M4S"), Ok(DAY_MS + 7_384_000));
        assert_eq!(duration("PT0.5S"), Ok(500));
        assert_eq!(duration("PT-1H"), Ok(-3_600_000));
        assert_eq!(duration("-PT1H"), Ok(-3_600_000));
        assert_eq!(duration("pt1m"), Ok(60_000));
        for text in ["", "P", "PT", "P1DT", "1D", "PT1", "P1H", "PT1S1M", "PT1.5M", "P1DD"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
