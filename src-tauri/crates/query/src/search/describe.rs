//! Descriptions of filters in plain words.

use model::{FieldOperator, Filter};

use super::language::Language;

/// Describes a filter in plain words, so that users see the meaning of their search.
///
/// `duration` is that of a span, in nanoseconds.
pub fn describe(filter: &Filter) -> String {
    describe_in(filter, Language::Traces)
}

/// Describes a filter of a language in plain words.
pub(crate) fn describe_in(filter: &Filter, language: Language) -> String {
    words(filter, language, false)
}

fn words(filter: &Filter, language: Language, inside: bool) -> String {
    match filter {
        Filter::All { of } => match of.as_slice() {
            [] => "everything".to_owned(),
            [Filter::SeverityAtLeast { severity }, Filter::Not { of: above }] if matches!(&**above, Filter::SeverityAtLeast { severity: next } if next.0 == severity.0 + 4) =>
            {
                format!("severity is {}", severity.name())
            }
            several => joined(several, " and ", language, inside),
        },
        Filter::Any { of } if of.is_empty() => "nothing".to_owned(),
        Filter::Any { of } => joined(of, " or ", language, inside),
        Filter::Not { of } => match &**of {
            Filter::Text { text } => format!("does not contain “{text}”"),
            Filter::Field { key, operator: FieldOperator::Equal, value } => {
                format!("{key} is not {}", shown(key, value, language))
            }
            Filter::Field { key, operator: FieldOperator::Exists, .. } => format!("has no {key}"),
            Filter::Field { key, operator: FieldOperator::Regex, value } => {
                format!("{key} does not match /{value}/")
            }
            Filter::SeverityAtLeast { severity } => format!("severity is below {}", rank(severity.0)),
            other => format!("not ({})", words(other, language, false)),
        },
        Filter::Text { text } => format!("contains “{text}”"),
        Filter::Field { key, operator, value } => field(key, *operator, value, language),
        Filter::SeverityAtLeast { severity } => format!("severity is {} or worse", rank(severity.0)),
    }
}

fn joined(of: &[Filter], between: &str, language: Language, inside: bool) -> String {
    let nested = of.len() > 1;
    let text = of.iter().map(|one| words(one, language, nested)).collect::<Vec<_>>().join(between);
    if inside && nested { format!("({text})") } else { text }
}

fn field(key: &str, operator: FieldOperator, value: &str, language: Language) -> String {
    let shown = || shown(key, value, language);
    match operator {
        FieldOperator::Equal => format!("{key} is {}", shown()),
        FieldOperator::Contains => format!("{key} contains “{value}”"),
        FieldOperator::Regex => format!("{key} matches /{value}/"),
        FieldOperator::Greater => format!("{key} is above {}", shown()),
        FieldOperator::GreaterOrEqual => format!("{key} is at least {}", shown()),
        FieldOperator::Less => format!("{key} is below {}", shown()),
        FieldOperator::LessOrEqual => format!("{key} is at most {}", shown()),
        FieldOperator::Exists => format!("has {key}"),
    }
}

/// Returns the name of a severity if its number begins the range of one.
fn rank(number: u8) -> String {
    let severity = model::Severity(number);
    match number {
        1 | 5 | 9 | 13 | 17 | 21 => severity.name().to_owned(),
        _ => number.to_string(),
    }
}

fn shown(key: &str, value: &str, language: Language) -> String {
    match value.parse::<f64>() {
        Ok(nanos) if key == "duration" && language == Language::Traces => {
            let (factor, unit) = [(60e9, "min"), (1e9, "s"), (1e6, "ms"), (1e3, "µs")]
                .into_iter()
                .find(|scale| nanos >= scale.0)
                .unwrap_or((1.0, "ns"));
            format!("{} {unit}", (nanos / factor * 1000.0).round() / 1000.0)
        }
        Ok(_) => value.to_owned(),
        Err(_) => format!("“{value}”"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{parse_log_search, parse_trace_search};

    #[test]
    fn searches_are_described_in_plain_words() {
        let logs = |text: &str| describe_in(&parse_log_search(text).unwrap(), Language::Logs);
        assert_eq!(logs(""), "everything");
        assert_eq!(logs("timeout service:cart"), "contains “timeout” and service is “cart”");
        assert_eq!(logs("level:error"), "severity is error");
        assert_eq!(
            logs("level>=warn (a OR -b)"),
            "severity is warn or worse and (contains “a” or does not contain “b”)"
        );
        assert_eq!(logs("-trace_id:* duration>5"), "has no trace_id and duration is above 5");
        assert_eq!(
            describe(&parse_trace_search("duration>250ms status:error").unwrap()),
            "duration is above 250 ms and status is “error”"
        );
    }
}
