//! Conversion of a field, a comparison and a value to a filter.

use model::{FieldOperator, Filter, Severity};

use super::{language::Language, scan::Comparison};
use crate::regular_expression::check_regex;

const SPAN_STATUSES: [&str; 3] = ["unset", "ok", "error"];
const SPAN_KINDS: [&str; 6] = ["unspecified", "internal", "server", "client", "producer", "consumer"];

/// The value that a field is compared with.
pub(super) struct Value {
    pub(super) text: String,
    /// True if it is in quotes, in which `*` is no wildcard.
    pub(super) quoted: bool,
}

/// Returns the filter of one condition. Fails with the text expected instead of the value.
pub(super) fn condition(
    language: Language,
    key: String,
    comparison: Comparison,
    value: Value,
) -> Result<Filter, String> {
    if value.text.is_empty() && !value.quoted {
        return Err(format!("expected a value for {key}"));
    }
    if language == Language::Logs && matches!(key.as_str(), "severity" | "level") {
        return severity(comparison, &value.text);
    }
    let operator = match comparison {
        Comparison::NotEqual => return Ok(not(condition(language, key, Comparison::Equal, value)?)),
        Comparison::NotRegex => return Ok(not(condition(language, key, Comparison::Regex, value)?)),
        Comparison::Colon if !value.quoted && value.text == "*" => {
            return Ok(Filter::Field { key, operator: FieldOperator::Exists, value: String::new() });
        }
        Comparison::Regex => {
            check_regex(&value.text)?;
            return Ok(Filter::Field { key, operator: FieldOperator::Regex, value: value.text });
        }
        Comparison::Colon if !value.quoted && value.text.contains('*') => {
            return Ok(Filter::Field { key, operator: FieldOperator::Regex, value: wildcard(&value.text) });
        }
        Comparison::Colon if language == Language::Logs && key == "body" => FieldOperator::Contains,
        Comparison::Colon | Comparison::Equal => FieldOperator::Equal,
        Comparison::Greater => FieldOperator::Greater,
        Comparison::GreaterOrEqual => FieldOperator::GreaterOrEqual,
        Comparison::Less => FieldOperator::Less,
        Comparison::LessOrEqual => FieldOperator::LessOrEqual,
    };
    let text = match (language, key.as_str(), operator) {
        (Language::Traces, "duration", _) => duration(&value.text)?.to_string(),
        (_, _, FieldOperator::Equal | FieldOperator::Contains) => match (language, key.as_str()) {
            (Language::Traces, "status") => one_of(&value.text, &SPAN_STATUSES)?,
            (Language::Traces, "kind") => one_of(&value.text, &SPAN_KINDS)?,
            _ => value.text,
        },
        _ => number(&value.text)?,
    };
    Ok(Filter::Field { key, operator, value: text })
}

fn not(filter: Filter) -> Filter {
    Filter::Not { of: Box::new(filter) }
}

fn one_of(word: &str, words: &[&str]) -> Result<String, String> {
    let word = word.to_lowercase();
    if words.contains(&word.as_str()) {
        Ok(word)
    } else {
        Err(format!("expected one of {}", words.join(", ")))
    }
}

fn number(text: &str) -> Result<String, String> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(text.to_owned()),
        _ => Err("expected a number".to_owned()),
    }
}

/// Returns the nanoseconds of a duration such as `250ms`.
fn duration(text: &str) -> Result<i64, String> {
    model::parse_duration(text)
        .and_then(|duration| i64::try_from(duration.as_nanos()).ok())
        .ok_or_else(|| "expected a duration such as 250ms, 1.5s or 2m".to_owned())
}

/// Returns a regular expression for the whole value, with `*` as a wildcard, in any case.
fn wildcard(text: &str) -> String {
    let parts: Vec<String> = text.split('*').map(regex::escape).collect();
    format!("(?i)^{}$", parts.join(".*"))
}

/// Returns a condition on the severity. A name covers its range of numbers.
fn severity(comparison: Comparison, text: &str) -> Result<Filter, String> {
    if matches!(comparison, Comparison::Colon) && text == "*" {
        return Ok(at_least(1));
    }
    let (first, next) = match (text.parse::<u8>(), Severity::from_name(text)) {
        (Ok(number @ 0..=24), _) => (number, number + 1),
        (_, Some(name)) => (name.0, name.0 + 4),
        _ if text == "unspecified" => (0, 1),
        _ => return Err("expected trace, debug, info, warn, error or fatal, or a number up to 24".to_owned()),
    };
    Ok(match comparison {
        Comparison::GreaterOrEqual => at_least(first),
        Comparison::Greater => at_least(next),
        Comparison::Less => not(at_least(first)),
        Comparison::LessOrEqual => not(at_least(next)),
        Comparison::NotEqual => not(within(first, next)),
        Comparison::Colon | Comparison::Equal => within(first, next),
        Comparison::Regex | Comparison::NotRegex => {
            return Err("severity is compared with :, =, !=, >, >=, < or <=".to_owned());
        }
    })
}

fn at_least(number: u8) -> Filter {
    Filter::SeverityAtLeast { severity: Severity(number) }
}

fn within(first: u8, next: u8) -> Filter {
    match (first, next) {
        (0, _) => not(at_least(next)),
        (_, 25..) => at_least(first),
        _ => Filter::All { of: vec![at_least(first), not(at_least(next))] },
    }
}
