//! Names, labels, values and escapes within a line of the text formats. A quoted name may contain
//! any characters ("UTF-8 names", since Prometheus 3).

use model::{NANOS_PER_SECOND, Timestamp};

use crate::exposition::{ExposedLabels, MAX_LABELS, excerpt};

/// A blank or a tab.
pub(crate) const BLANKS: [char; 2] = [' ', '\t'];

/// Reads the name and labels at the start of a sample's line. Returns the text behind them as well.
pub(crate) fn read_series(line: &str) -> Result<(String, ExposedLabels, &str), String> {
    let name_end = line.find(['{', ' ', '\t']).ok_or_else(|| format!("no value after {}", excerpt(line)))?;
    let (name, rest) = line.split_at(name_end);
    if !name.is_empty() && !is_metric_name(name) {
        return Err(format!("{} is not a metric name", excerpt(name)));
    }
    let rest = rest.trim_start_matches(BLANKS);
    let (quoted_name, labels, rest) = match rest.strip_prefix('{') {
        Some(inside) => read_labels(inside, name.is_empty())?,
        None => (None, Vec::new(), rest),
    };
    let name = quoted_name.unwrap_or_else(|| name.to_owned());
    if name.is_empty() { Err("a sample without a name".to_owned()) } else { Ok((name, labels, rest)) }
}

/// Reads the labels of an exemplar behind an opening brace. Returns the text behind the closing one
/// as well.
pub(crate) fn read_exemplar_labels(rest: &str) -> Result<(ExposedLabels, &str), String> {
    read_labels(rest, false).map(|(_, labels, rest)| (labels, rest))
}

type Braced<'a> = (Option<String>, ExposedLabels, &'a str);

/// Reads the content of braces: labels and, with `may_name`, a leading quoted metric name.
fn read_labels(mut rest: &str, may_name: bool) -> Result<Braced<'_>, String> {
    let mut labels: ExposedLabels = Vec::new();
    let mut metric = None;
    loop {
        rest = rest.trim_start_matches(BLANKS);
        if let Some(after) = rest.strip_prefix('}') {
            return Ok((metric, labels, after));
        }
        let (name, after) = match rest.strip_prefix('"') {
            Some(quoted) => {
                let (name, after) = read_quoted(quoted, "a name")?;
                (name, after.trim_start_matches(BLANKS))
            }
            None => {
                let (name, _) = rest.split_once('=').ok_or("labels without a closing brace")?;
                let after = &rest[name.len()..];
                let name = name.trim_end_matches(BLANKS);
                if !is_label_name(name) {
                    return Err(format!("{} is not a label name", excerpt(name)));
                }
                (name.to_owned(), after)
            }
        };
        match after.strip_prefix('=') {
            None if may_name && metric.is_none() && labels.is_empty() && !name.is_empty() => {
                metric = Some(name.clone());
                rest = after;
            }
            None => return Err(format!("no value for label {}", excerpt(&name))),
            Some(_) if name.is_empty() => return Err("a label without a name".to_owned()),
            Some(_) if labels.iter().any(|(known, _)| *known == name) => {
                return Err(format!("label {} occurs twice", excerpt(&name)));
            }
            Some(_) if labels.len() >= MAX_LABELS => {
                return Err(format!("more than {MAX_LABELS} labels"));
            }
            Some(value) => {
                let quoted = value
                    .trim_start_matches(BLANKS)
                    .strip_prefix('"')
                    .ok_or_else(|| format!("the value of label {} is not quoted", excerpt(&name)))?;
                let (value, after) = read_quoted(quoted, &format!("the value of label {}", excerpt(&name)))?;
                labels.push((name.clone(), value));
                rest = after;
            }
        }
        rest = rest.trim_start_matches(BLANKS);
        match rest.strip_prefix(',') {
            Some(after) => rest = after,
            None if rest.starts_with('}') => {}
            None => return Err(format!("expected a comma or a closing brace after {}", excerpt(&name))),
        }
    }
}

/// Reads up to the closing quote and resolves escapes. Returns the text behind the quote as well.
fn read_quoted<'a>(text: &'a str, what: &str) -> Result<(String, &'a str), String> {
    let end = closing_quote(text).ok_or_else(|| format!("{what} has no closing quote"))?;
    Ok((unescape(&text[..end], true)?, &text[end + 1..]))
}

/// Reads the metric name, quoted or not, at the start of a comment's text. Returns the rest as
/// well.
pub(crate) fn read_metric_name(text: &str) -> Result<(String, &str), String> {
    if let Some(quoted) = text.strip_prefix('"') {
        let (name, rest) = read_quoted(quoted, "a name")?;
        return Ok((name, rest.trim_start_matches(BLANKS)));
    }
    let (name, rest) = split_word(text);
    if is_metric_name(name) {
        Ok((name.to_owned(), rest))
    } else {
        Err(format!("{} is not a metric name", excerpt(name)))
    }
}

/// Splits at the first blank; the rest begins behind the blanks.
pub(crate) fn split_word(text: &str) -> (&str, &str) {
    match text.find(BLANKS) {
        Some(blank) => {
            let (word, rest) = text.split_at(blank);
            (word, rest.trim_start_matches(BLANKS))
        }
        None => (text, ""),
    }
}

/// Returns the byte index of the first quote without a backslash before it.
fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(index),
            _ => {}
        }
    }
    None
}

/// Resolves escapes. With `quotes`, as in label values and names, an unknown escape is an error.
pub(crate) fn unescape(text: &str, quotes: bool) -> Result<String, String> {
    if !text.contains('\\') {
        return Ok(text.to_owned());
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
            // Help texts are for people: an unknown escape stays as written.
            Some(other) if !quotes => plain.extend(['\\', other]),
            None if !quotes => plain.push('\\'),
            _ => return Err("a backslash that is no escape".to_owned()),
        }
    }
    Ok(plain)
}

/// Reads a number, with the formats' spellings of NaN and infinity.
pub(crate) fn read_value(word: &str) -> Option<f64> {
    match word {
        "NaN" | "nan" => Some(f64::NAN),
        "+Inf" | "Inf" | "+inf" | "inf" => Some(f64::INFINITY),
        "-Inf" | "-inf" => Some(f64::NEG_INFINITY),
        // Rust also parses words such as "infinity", which the formats do not have.
        number if number.bytes().any(|byte| byte.is_ascii_digit()) => number.parse().ok(),
        _ => None,
    }
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
