//! Names, escapes and numbers of the text formats.

use model::{NANOS_PER_SECOND, Timestamp};

/// Resolves escapes, those of quotes with `quotes`. As in Prometheus, a backslash before another
/// character stands for both.
pub(crate) fn unescape(text: &str, quotes: bool) -> String {
    if !text.contains('\\') {
        return text.to_owned();
    }
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            plain.push(character);
            continue;
        }
        match characters.next() {
            Some('n') => plain.push('\n'),
            Some('\\') => plain.push('\\'),
            Some('"') if quotes => plain.push('"'),
            Some(other) => plain.extend(['\\', other]),
            None => plain.push('\\'),
        }
    }
    plain
}

/// Reads a number as Prometheus does: Go's syntax of floats without hexadecimal ones and without
/// underscores. A number beyond the range of a double is none.
pub(crate) fn read_value(word: &str) -> Option<f64> {
    let is_signed_nan = word.len() == 4 && word.as_bytes()[1..].eq_ignore_ascii_case(b"nan");
    let value: f64 = word.parse().ok().filter(|_| !is_signed_nan)?;
    let is_out_of_range = value.is_infinite() && word.bytes().any(|byte| byte.is_ascii_digit());
    (!is_out_of_range).then_some(value)
}

/// Reads seconds such as `1700000000.25` without rounding, as a float would. Returns none for other
/// forms.
pub fn read_seconds(text: &str) -> Option<Timestamp> {
    let (seconds, fraction) = text.split_once('.')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(seconds) || !digits(fraction) || seconds.len() > 10 {
        return None;
    }
    let fraction: String = fraction.chars().chain(std::iter::repeat('0')).take(9).collect();
    let seconds: i64 = seconds.parse().ok()?;
    Some(Timestamp(seconds.checked_mul(NANOS_PER_SECOND)?.checked_add(fraction.parse().ok()?)?))
}

/// Returns true for a metric name that needs no quotes.
pub fn is_metric_name(name: &str) -> bool {
    is_name(name, |byte| byte == b':')
}

/// Returns true for a label name that needs no quotes.
pub(crate) fn is_label_name(name: &str) -> bool {
    is_name(name, |_| false)
}

fn is_name(name: &str, also: impl Fn(u8) -> bool) -> bool {
    name.bytes().next().is_some_and(|byte| !byte.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || also(byte))
}
