//! Output on the terminal.

use std::io::{self, Write as _};

use chrono::{DateTime, Local};
use model::{Timestamp, is_hidden, visible_block, visible_line};
use serde::Serialize;

/// Prints text with hidden characters made visible, so that no text from outside controls the
/// terminal. A closed pipe (`| head`) ends the program without an error.
pub(crate) fn line(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{}", visible_block(text)) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        other => Ok(other?),
    }
}

/// Formats a time in this machine's time zone, to the millisecond.
pub(crate) fn local(time: Timestamp) -> String {
    DateTime::from_timestamp_millis(time.millis()).map_or_else(
        || format!("{} ns", time.0),
        |time| time.with_timezone(&Local).format("%Y-%m-%d %H:%M:%S%.3f").to_string(),
    )
}

/// Formats a duration in milliseconds, to the microsecond.
pub(crate) fn milliseconds(nanoseconds: i64) -> String {
    format!("{:.3} ms", nanoseconds as f64 / 1e6)
}

/// Writes a value as JSON. Hidden characters are escapes of JSON, so that the terminal does not act
/// on them and other programs read the same text.
pub(crate) fn to_json(value: &impl Serialize) -> anyhow::Result<String> {
    Ok(escaped(&serde_json::to_string(value)?))
}

/// Writes a value as JSON over several lines, like [`to_json`].
pub(crate) fn to_pretty_json(value: &impl Serialize) -> anyhow::Result<String> {
    Ok(escaped(&serde_json::to_string_pretty(value)?))
}

/// Escapes the hidden characters of JSON, which are all inside strings except for line feeds.
fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for letter in json.chars() {
        if letter != '\n' && is_hidden(letter) {
            // All of them have one unit of UTF-16.
            text.push_str(&format!("\\u{:04x}", u32::from(letter)));
        } else {
            text.push(letter);
        }
    }
    text
}

/// Returns text for one line with hidden characters made visible.
pub(crate) fn printable(text: &str) -> String {
    visible_line(text).into_owned()
}

/// Prints rows with columns of equal width, one line each.
pub(crate) fn table(header: &[&str], rows: &[Vec<String>]) -> anyhow::Result<()> {
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| printable(cell)).collect()).collect();
    let width = |column: usize| {
        let longest = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
        longest.unwrap_or_default().max(header[column].chars().count())
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let print = |cells: Vec<&str>| {
        let padded: Vec<String> =
            cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        line(padded.join("  ").trim_end())
    };
    print(header.to_vec())?;
    rows.iter().try_for_each(|row| print(row.iter().map(String::as_str).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_has_escapes_and_the_same_meaning() {
        let text = "a\u{1b}[31m\u{202e}b\u{9b}c\td\u{7f}é";
        let written = to_json(&text).unwrap();
        assert!(!written.contains(is_hidden), "{written}");
        assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
    }
}
