//! Durations as text.

use std::time::Duration;

/// Units from long to short with their nanoseconds. A year has 365 days.
const UNITS: [(&str, u64); 11] = [
    ("y", 365 * 86_400_000_000_000),
    ("w", 7 * 86_400_000_000_000),
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ns", 1),
];

/// Parses a duration such as `15s`, `1m30s`, `500ms`, `1.5s` or `1d`.
///
/// Units go from long to short, each at most once. Only the last number can have a fraction. `0`
/// needs no unit. None if the text is something else. The whole numbers with units down to `ms` are
/// Prometheus' durations (`<duration>` in its configuration reference).
///
/// ```
/// use std::time::Duration;
/// assert_eq!(model::parse_duration("1m30s"), Some(Duration::from_secs(90)));
/// assert_eq!(model::parse_duration("30s1m"), None);
/// ```
pub fn parse_duration(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut rest = text;
    let mut nanos = 0_u64;
    let mut next_unit = 0;
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !(letter.is_ascii_digit() || letter == '.'))?;
        let (amount, after) = rest.split_at(digits);
        let letters = after.find(|letter: char| !letter.is_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        let position = UNITS.iter().position(|(name, _)| *name == unit)?;
        if position < next_unit {
            return None;
        }
        next_unit = position + 1;
        nanos = nanos.checked_add(amount_nanos(amount, UNITS.get(position)?.1, after.is_empty())?)?;
        rest = after;
    }
    (!text.is_empty()).then(|| Duration::from_nanos(nanos))
}

/// Returns `amount` times `unit`. A fraction is only accepted in the last part.
fn amount_nanos(amount: &str, unit: u64, is_last: bool) -> Option<u64> {
    if !amount.contains('.') {
        return amount.parse::<u64>().ok()?.checked_mul(unit);
    }
    let nanos = amount.parse::<f64>().ok().filter(|_| is_last)? * unit as f64;
    (nanos < u64::MAX as f64).then(|| nanos.round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_of_prometheus_and_of_searches_are_parsed() {
        for (text, nanos) in [
            ("15s", 15_000_000_000),
            ("1m30s", 90_000_000_000),
            ("500ms", 500_000_000),
            ("1d", 86_400_000_000_000),
            ("1y2w", 32_745_600_000_000_000),
            ("0", 0),
            ("0s", 0),
            ("1.5s", 1_500_000_000),
            ("1m0.25s", 60_250_000_000),
            ("7ns", 7),
            ("7us", 7_000),
            ("7µs", 7_000),
            ("7μs", 7_000),
        ] {
            assert_eq!(parse_duration(text), Some(Duration::from_nanos(nanos)), "{text}");
        }
    }

    #[test]
    fn other_texts_are_rejected() {
        for text in [
            "",
            "15",
            "s",
            "1s1m",
            "1s1s",
            "-1s",
            "1.5m1s",
            "1..5s",
            ".s",
            "1 s",
            "99999999999999999y",
            "1sec",
            "é",
            "1é",
        ] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }
}
