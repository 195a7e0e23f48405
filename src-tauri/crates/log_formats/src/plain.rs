//! Plain messages: a time and a level where they are recognised, and the text.

use std::sync::LazyLock;

use model::Severity;
use regex::Regex;

use crate::{context::Context, record::ParsedRecord, time};

/// `LEVEL:logger:message` and `name - LEVEL - message`, as Python's logging writes them.
static PYTHON_BASIC: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^(DEBUG|INFO|WARNING|ERROR|CRITICAL):([\w.]+):").ok());
static PYTHON_DASHES: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^-? ?([\w.]+) - (DEBUG|INFO|WARNING|ERROR|CRITICAL) - ").ok());
static TRACE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"(?i)\btrace[_.-]?id["']?\s*[=:]\s*["']?([0-9a-f]{32})\b"#).ok());
static SPAN: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"(?i)\bspan[_.-]?id["']?\s*[=:]\s*["']?([0-9a-f]{16})\b"#).ok());

/// Maximum number of words between the time and the level.
const MAX_WORDS_BEFORE_LEVEL: usize = 3;

/// Parses any text.
pub(crate) fn parse(text: &str, context: &Context) -> ParsedRecord {
    let mut line = ParsedRecord::default();
    let rest = take_time(text, context, &mut line);
    let message = take_level(rest, &mut line).trim_start();
    line.body = if message.is_empty() { text.to_owned() } else { message.to_owned() };
    let identifier = |pattern: &LazyLock<Option<Regex>>| {
        Some(pattern.as_ref()?.captures(text)?.get(1)?.as_str().to_ascii_lowercase())
    };
    line.trace_id = identifier(&TRACE).and_then(|found| found.parse().ok());
    line.span_id = identifier(&SPAN).and_then(|found| found.parse().ok());
    line
}

/// Stores the time, which may be in brackets. Returns the text behind it.
fn take_time<'a>(text: &'a str, context: &Context, line: &mut ParsedRecord) -> &'a str {
    let (inside, bracketed) = match text.strip_prefix('[') {
        Some(inside) => (inside, true),
        None => (text, false),
    };
    let Some((time, length)) = time::at_start(inside, context) else { return text };
    let Some(behind) = inside.get(length..) else { return text };
    let behind = match (bracketed, behind.strip_prefix(']')) {
        (true, Some(behind)) => behind,
        // `[time LEVEL module] message`: the rest of the bracket belongs to the message.
        (true, None) | (false, _) => behind,
    };
    line.time = Some(time);
    behind.trim_start_matches([' ', '\t'])
}

/// Stores the level. Returns the text behind it, or the whole text unless the level is at the
/// start.
fn take_level<'a>(text: &'a str, line: &mut ParsedRecord) -> &'a str {
    if let Some(found) = PYTHON_BASIC.as_ref().and_then(|pattern| pattern.captures(text)) {
        return python(text, &found, 1, 2, line);
    }
    if let Some(found) = PYTHON_DASHES.as_ref().and_then(|pattern| pattern.captures(text)) {
        return python(text, &found, 2, 1, line);
    }
    let has_time = line.time.is_some();
    let first_line = text.lines().next().unwrap_or_default();
    let mut searched = 0;
    for (index, word) in first_line.split_ascii_whitespace().enumerate().take(1 + MAX_WORDS_BEFORE_LEVEL) {
        let Some(start) = text.get(searched..).and_then(|rest| rest.find(word)).map(|at| at + searched)
        else {
            break;
        };
        searched = start + word.len();
        let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let marked = bare.len() < word.len();
        let shouted = bare.len() > 2 && bare.chars().all(|c| c.is_ascii_uppercase());
        // `[error]`, `ERROR` and, at the very start, also `Error:`; but not "info" in the middle of
        // prose.
        let is_level = if index == 0 {
            marked || shouted || has_time || Severity::from_name(bare) > Some(Severity::INFO)
        } else {
            shouted || (word.starts_with('[') && word.ends_with(']'))
        };
        if is_level && line.set_severity(bare) {
            let behind = text.get(searched..).unwrap_or_default();
            return if index == 0 && (marked || shouted || has_time) {
                behind.trim_start_matches([' ', '\t', ':', '-', '|'])
            } else {
                text
            };
        }
    }
    text
}

fn python<'a>(
    text: &'a str,
    found: &regex::Captures<'a>,
    level: usize,
    logger: usize,
    line: &mut ParsedRecord,
) -> &'a str {
    let group = |index: usize| found.get(index).map_or("", |group| group.as_str());
    line.set_severity(group(level));
    line.attributes.0.insert("logger".to_owned(), group(logger).into());
    text.get(found.get(0).map_or(0, |header| header.end())..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use crate::tests::parsed;
    use model::{Severity, Timestamp};

    const TIME: Option<Timestamp> = Some(Timestamp(1_767_322_800_000_000_000));

    #[test]
    fn common_layouts_are_read() {
        for (text, severity, body) in [
            ("2026-01-02T03:00:00Z ERROR it broke", Severity::ERROR, "it broke"),
            ("2026-01-02T03:00:00Z  INFO module: started", Severity::INFO, "module: started"),
            ("2026-01-02 04:00:00 [warn] careful", Severity::WARN, "careful"),
            ("[2026-01-02 04:00:00] [error] broken", Severity::ERROR, "broken"),
            ("[2026-01-02T03:00:00Z DEBUG app] detail", Severity::DEBUG, "app] detail"),
            (
                "2026/01/02 04:00:00 [crit] 12#12: *1 open() failed",
                Severity::FATAL,
                "12#12: *1 open() failed",
            ),
            ("2026-01-02 04:00:00,000 - shop.cart - WARNING - low stock", Severity::WARN, "low stock"),
            ("2026-01-02 04:00:00,000 [main] ERROR a.B - no", Severity::ERROR, "[main] ERROR a.B - no"),
            ("2026-01-02 04:00:00 info: lower", Severity::INFO, "lower"),
            ("2026-01-02 04:00:00 nothing to see", Severity(0), "nothing to see"),
        ] {
            let line = parsed(text);
            assert_eq!((line.time, line.severity, line.body.as_str()), (TIME, severity, body), "{text}");
        }
    }

    #[test]
    fn levels_without_a_time_are_read_but_prose_stays_as_it_is() {
        for (text, severity, body) in [
            ("WARNING:root:take care", Severity::WARN, "take care"),
            ("[ERROR] no", Severity::ERROR, "no"),
            ("INFO:     127.0.0.1 - GET /", Severity::INFO, "127.0.0.1 - GET /"),
            ("Error: cannot open", Severity::ERROR, "cannot open"),
            ("error connecting to host", Severity::ERROR, "error connecting to host"),
            ("information is power", Severity(0), "information is power"),
            ("notice the info here", Severity(0), "notice the info here"),
            ("there was no error here", Severity(0), "there was no error here"),
            ("ERROR", Severity::ERROR, "ERROR"),
            ("panic: runtime error", Severity::FATAL, "runtime error"),
        ] {
            let line = parsed(text);
            assert_eq!((line.severity, line.body.as_str()), (severity, body), "{text}");
        }
        assert_eq!(parsed("WARNING:shop.cart:x").attributes.text("logger"), Some("shop.cart"));
    }

    #[test]
    fn trace_context_is_found_in_the_text() {
        let line = parsed(
            "2026-01-02 04:00:00,000 INFO [app] [a.py:3] [trace_id=0AF7651916CD43DD8448EB211C80319C span_id=b7ad6b7169203331] - hi",
        );
        assert_eq!(line.trace_id.unwrap().to_string(), "0af7651916cd43dd8448eb211c80319c");
        assert!(line.span_id.is_some());
        assert_eq!(parsed("trace_id=00000000000000000000000000000000 x").trace_id, None);
    }
}
