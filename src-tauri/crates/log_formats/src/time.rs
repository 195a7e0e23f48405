//! Times in log files.

use std::sync::LazyLock;

use chrono::{DateTime, Datelike, Days, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeZone};
use model::{AttributeValue, Timestamp};
use regex::Regex;

use crate::context::Context;

/// Year, month and day in figures, the time of day, and a zone if there is one.
static FIGURES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"^(\d{4})[-/](\d{2})[-/](\d{2})[T _](\d{2}):(\d{2}):(\d{2})(?:[.,](\d{1,9}))?\d* ?(Z|z|UTC|[+-]\d{2}:?\d{2})?",
    )
    .ok()
});

/// Reads the time at the start of `text`. Returns its length in bytes as well.
pub(crate) fn at_start(text: &str, context: &Context) -> Option<(Timestamp, usize)> {
    let found = FIGURES.as_ref()?.captures(text)?;
    let number = |index: usize| found.get(index).and_then(|field| field.as_str().parse::<u32>().ok());
    let date = NaiveDate::from_ymd_opt(i32::try_from(number(1)?).ok()?, number(2)?, number(3)?)?;
    let fraction = found.get(7).map_or("", |field| field.as_str());
    let nanos: u32 = format!("{fraction:0<9}").parse().ok()?;
    // A leap second counts as the second before it.
    let time = NaiveTime::from_hms_nano_opt(number(4)?, number(5)?, number(6)?.min(59), nanos)?;
    let zone = match found.get(8).map(|field| field.as_str()) {
        None => context.zone,
        Some(text) => zone(text)?,
    };
    let length = match found.get(8) {
        Some(field) => field.end(),
        None => found.get(0)?.as_str().trim_end().len(),
    };
    Some((timestamp(date.and_time(time), zone)?, length))
}

fn zone(text: &str) -> Option<FixedOffset> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    if digits.is_empty() {
        return FixedOffset::east_opt(0);
    }
    let hours: i32 = digits.get(..2)?.parse().ok()?;
    let minutes: i32 = digits.get(2..4)?.parse().ok()?;
    let seconds = hours * 3600 + minutes * 60;
    FixedOffset::east_opt(if text.starts_with('-') { -seconds } else { seconds })
}

fn timestamp(local: NaiveDateTime, zone: FixedOffset) -> Option<Timestamp> {
    zone.from_local_datetime(&local).single()?.timestamp_nanos_opt().map(Timestamp)
}

/// Reads a time of access logs: `10/Oct/2025:13:55:36 -0700`.
pub(crate) fn access_log(text: &str) -> Option<Timestamp> {
    let time = DateTime::parse_from_str(text, "%d/%b/%Y:%H:%M:%S %z").ok()?;
    time.timestamp_nanos_opt().map(Timestamp)
}

/// Reads a time of BSD syslog, `Mar  1 12:00:00`, in the latest year that puts it before tomorrow.
pub(crate) fn without_year(month: &str, day: &str, clock: &str, context: &Context) -> Option<Timestamp> {
    let today = DateTime::from_timestamp_nanos(context.now.0).with_timezone(&context.zone).date_naive();
    let tomorrow = today.checked_add_days(Days::new(1))?;
    (0..2).find_map(|years_ago| {
        let text = format!("{} {month} {day} {clock}", today.year() - years_ago);
        let local = NaiveDateTime::parse_from_str(&text, "%Y %b %d %H:%M:%S").ok()?;
        (local.date() <= tomorrow).then(|| timestamp(local, context.zone)).flatten()
    })
}

/// Reads the time in a field: text, or a number since the epoch. The size of the number decides
/// between seconds, milliseconds, microseconds and nanoseconds.
pub(crate) fn from_value(value: &AttributeValue, context: &Context) -> Option<Timestamp> {
    match value {
        AttributeValue::Int(number) => from_number(*number as f64, *number),
        AttributeValue::Double(number) => from_number(*number, 0),
        AttributeValue::String(text) => match text.trim().parse::<f64>() {
            Ok(number) => {
                from_decimal(text.trim()).or_else(|| from_number(number, text.trim().parse().unwrap_or(0)))
            }
            Err(_) => at_start(text.trim(), context).map(|(time, _)| time),
        },
        _ => None,
    }
}

/// Converts a number with a fraction, which a float would round.
fn from_decimal(text: &str) -> Option<Timestamp> {
    let (whole, fraction) = text.split_once('.')?;
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let whole: i64 = whole.parse().ok()?;
    let digits = match whole {
        100_000_000..100_000_000_000 => 9,
        100_000_000_000..100_000_000_000_000 => 6,
        100_000_000_000_000..100_000_000_000_000_000 => 3,
        _ => return None,
    };
    let fraction: String = fraction.chars().chain(std::iter::repeat('0')).take(digits).collect();
    let scale = 10_i64.pow(digits as u32);
    Some(Timestamp(whole.checked_mul(scale)?.checked_add(fraction.parse().ok()?)?))
}

/// Converts a number; `exact` is the same number as an integer, since a float rounds nanoseconds.
fn from_number(number: f64, exact: i64) -> Option<Timestamp> {
    // From the year 1973 on in each unit; smaller numbers are counters, not times.
    match number {
        1e8..1e11 => Some(Timestamp((number * 1e9) as i64)),
        1e11..1e14 => Some(Timestamp((number * 1e6) as i64)),
        1e14..1e17 => Some(Timestamp((number * 1e3) as i64)),
        1e17..9.2e18 => Some(Timestamp(if exact > 0 { exact } else { number as i64 })),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::context;

    const SECOND: i64 = 1_767_322_800_000_000_000; // 2026-01-02T03:00:00Z

    #[test]
    fn figures_are_read_with_and_without_a_zone() {
        for (text, expected) in [
            ("2026-01-02T03:00:00Z rest", SECOND),
            ("2026-01-02T03:00:00.5Z", SECOND + 500_000_000),
            ("2026-01-02 04:00:00,250", SECOND + 250_000_000),
            ("2026/01/02 04:00:00 [error]", SECOND),
            ("2026-01-02T05:00:00+02:00", SECOND),
            ("2026-01-01T22:00:00 -0500", SECOND),
            ("2026-01-02T03:00:00.123456789123Z", SECOND + 123_456_789),
        ] {
            assert_eq!(at_start(text, &context()).map(|found| found.0), Some(Timestamp(expected)), "{text}");
        }
        assert_eq!(at_start("2026-01-02 04:00:00 [error]", &context()).map(|found| found.1), Some(19));
        for text in ["2026-13-02T03:00:00Z", "2026-01-02T25:00:00Z", "9999-01-01T00:00:00Z", "2026", ""] {
            assert_eq!(at_start(text, &context()), None, "{text}");
        }
    }

    #[test]
    fn the_size_of_a_number_decides_its_unit() {
        for value in [
            AttributeValue::Int(1_767_322_800),
            AttributeValue::Int(1_767_322_800_000),
            AttributeValue::Int(1_767_322_800_000_000),
            AttributeValue::Int(SECOND),
            AttributeValue::Double(1_767_322_800.0),
            "1767322800".into(),
            "2026-01-02T03:00:00Z".into(),
        ] {
            assert_eq!(from_value(&value, &context()), Some(Timestamp(SECOND)), "{value}");
        }
        for value in [AttributeValue::Int(12), AttributeValue::Double(1e300), "x".into(), true.into()] {
            assert_eq!(from_value(&value, &context()), None, "{value}");
        }
    }

    #[test]
    fn years_are_guessed_backwards() {
        let december = without_year("Dec", "31", "23:00:00", &context()).unwrap();
        assert_eq!(DateTime::from_timestamp_nanos(december.0).year(), 2025);
        let january = without_year("Jan", "2", "04:00:00", &context()).unwrap();
        assert_eq!(january, Timestamp(SECOND));
        assert_eq!(without_year("Feb", "31", "04:00:00", &context()), None);
    }
}
