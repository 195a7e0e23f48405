//! Times in imported files.

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use model::{MAX_FUTURE_NANOS, NANOS_PER_SECOND, Timestamp};
use prometheus::{excerpt, read_seconds};

/// The earliest accepted time, 1990-01-01. An earlier one has another unit.
const MIN_TIME: i64 = 631_152_000 * NANOS_PER_SECOND;

/// Parses RFC 3339, a date and a time of day in UTC, or a number since the epoch. The size of the
/// number decides between seconds, milliseconds, microseconds and nanoseconds.
pub(crate) fn parse(text: &str) -> Result<Timestamp, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("no time".to_owned());
    }
    if let Ok(number) = text.parse::<i64>() {
        return Ok(from_number(number));
    }
    if let Some(time) = read_seconds(text) {
        return Ok(time);
    }
    if let Ok(seconds) = text.parse::<f64>() {
        return from_float(seconds).ok_or_else(|| format!("{} is not a time", excerpt(text)));
    }
    let nanos = |time: NaiveDateTime| time.and_utc().timestamp_nanos_opt();
    DateTime::parse_from_rfc3339(text)
        .ok()
        .map(|time| time.timestamp_nanos_opt())
        .or_else(|| {
            // Databases write times with a zone as 2026-01-02 03:04:05.6+00.
            let forms = ["%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M:%S%.f%#z"];
            forms
                .iter()
                .find_map(|form| DateTime::parse_from_str(text, form).ok())
                .map(|time| time.timestamp_nanos_opt())
        })
        .or_else(|| {
            let forms = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M"];
            forms.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok()).map(nanos)
        })
        .or_else(|| {
            let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
            Some(nanos(day.and_hms_opt(0, 0, 0)?))
        })
        .flatten()
        .map(Timestamp)
        .ok_or_else(|| format!("{} is not a time", excerpt(text)))
}

/// Converts a number: seconds until the year 5138, then milliseconds, microseconds, nanoseconds.
fn from_number(number: i64) -> Timestamp {
    let units = [
        (100_000_000_000, NANOS_PER_SECOND),
        (100_000_000_000_000, 1_000_000),
        (100_000_000_000_000_000, 1000),
    ];
    let unit = units.into_iter().find(|(end, _)| number.unsigned_abs() < *end);
    let factor = unit.map_or(1, |(_, factor)| factor);
    Timestamp(number.saturating_mul(factor))
}

fn from_float(number: f64) -> Option<Timestamp> {
    if !number.is_finite() || number.abs() >= 9.2e18 {
        return None;
    }
    if number.abs() < 1e11 {
        // The whole seconds apart, for the precision of the fraction.
        let nanos = (number.fract() * 1e9).round() as i64;
        return Some(Timestamp(
            (number.trunc() as i64).saturating_mul(NANOS_PER_SECOND).saturating_add(nanos),
        ));
    }
    Some(from_number(number as i64))
}

/// Checks that a time is after 1990 and at most a day ahead.
pub(crate) fn validate(time: Timestamp, now: Timestamp) -> Result<Timestamp, String> {
    if time.0 < MIN_TIME {
        return Err("the time is before 1990; is its unit right?".to_owned());
    }
    if time.0 > now.0.saturating_add(MAX_FUTURE_NANOS) {
        return Err("the time is more than a day ahead of now".to_owned());
    }
    Ok(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_every_form() {
        let expected = Timestamp(1_767_323_045_600_000_000);
        for text in [
            "2026-01-02T03:04:05.6Z",
            "2026-01-02T04:04:05.600+01:00",
            "2026-01-02 03:04:05.6",
            "2026-01-02 03:04:05.600000000",
            "2026-01-02 03:04:05.6+00",
            "2026-01-02T03:04:05.6",
            "1767323045.6",
            "1767323045600",
            "1767323045600000",
            "1767323045600000000",
            " 1767323045600 ",
        ] {
            assert_eq!(parse(text), Ok(expected), "{text}");
        }
        assert_eq!(parse("1767323045"), Ok(Timestamp(1_767_323_045_000_000_000)));
        assert_eq!(parse("2026-01-02"), Ok(Timestamp(1_767_312_000_000_000_000)));
        for bad in ["", "now", "2026-13-01", "NaN", "inf", "1e300", "12:00", "\u{0}"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn times_out_of_range_are_rejected() {
        let now = parse("2026-01-02").unwrap();
        assert!(validate(now, now).is_ok());
        assert!(validate(parse("2016-01-02").unwrap(), now).is_ok(), "ten years back is history");
        assert!(validate(parse("2036-01-02").unwrap(), now).is_err());
        assert!(validate(Timestamp(1_767_323_045), now).is_err());
        assert!(validate(Timestamp(i64::MAX), now).is_err());
    }
}
