//! Durations, comparisons and clock times in words. Pure.

use chrono::{DateTime, FixedOffset, Utc};
use model::{Comparator, Timestamp};

/// Units of durations, in seconds.
const DURATION_UNITS: [(i64, &str); 4] = [(86_400, "d"), (3600, "h"), (60, "min"), (1, "s")];

/// Returns a duration in its two largest units: `45 s`, `1 min 59 s`, `2 h`, `1 d 6 h`.
pub fn duration_text(seconds: i64) -> String {
    let mut rest = seconds.max(0);
    let mut words = Vec::new();
    for (length, unit) in DURATION_UNITS {
        let count = rest / length;
        rest %= length;
        if count > 0 {
            words.push(format!("{count} {unit}"));
        } else if !words.is_empty() {
            break;
        }
        if words.len() == 2 {
            break;
        }
    }
    if words.is_empty() { "0 s".to_owned() } else { words.join(" ") }
}

/// Returns the comparison as it stands between a value and a threshold.
pub(crate) fn comparison(comparator: Comparator) -> &'static str {
    match comparator {
        Comparator::Above => "above",
        Comparator::AtLeast => "at least",
        Comparator::Below => "below",
        Comparator::AtMost => "at most",
    }
}

/// Returns the side of the threshold on which the condition does not hold.
pub(crate) fn opposite_side(comparator: Comparator) -> &'static str {
    match comparator {
        Comparator::Above | Comparator::AtLeast => "below",
        Comparator::Below | Comparator::AtMost => "above",
    }
}

/// Returns the time of day in a time zone, to the second.
pub(crate) fn time_of_day(time: Timestamp, zone: FixedOffset) -> String {
    DateTime::<Utc>::from_timestamp_nanos(time.0).with_timezone(&zone).format("%H:%M:%S").to_string()
}

/// Returns the text with a capital first letter. Names such as `p95` stay as they are.
pub(crate) fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    match (characters.next(), characters.next()) {
        (Some(first), Some(second)) if second.is_alphabetic() => {
            first.to_uppercase().chain([second]).chain(characters).collect()
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_at_most_two_units() {
        assert_eq!(duration_text(0), "0 s");
        assert_eq!(duration_text(1), "1 s");
        assert_eq!(duration_text(120), "2 min");
        assert_eq!(duration_text(90), "1 min 30 s");
        assert_eq!(duration_text(3600), "1 h");
        assert_eq!(duration_text(3605), "1 h");
        assert_eq!(duration_text(5400), "1 h 30 min");
        assert_eq!(duration_text(86400), "1 d");
        assert_eq!(duration_text(86400 + 7200 + 60), "1 d 2 h");
    }

    #[test]
    fn percentiles_keep_their_small_letter() {
        assert_eq!(capitalized("p95 1.2 s"), "p95 1.2 s");
        assert_eq!(capitalized("unhealthy"), "Unhealthy");
        assert_eq!(capitalized("12 log records match"), "12 log records match");
    }
}
