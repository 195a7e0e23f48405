//! Matching of log records against a filter without the store, for the live tail.

use model::{AttributeValue, FieldOperator, Filter, LogRecord, attribute_of_label};
use regex::Regex;

use crate::{QueryError, regular_expression::compile as compile_regex};

/// A compiled filter. It agrees with the store's search.
#[derive(Debug)]
pub struct LogMatcher {
    condition: Condition,
}

/// A compiled condition. Texts to compare are in lower case.
#[derive(Debug)]
enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    Text(String),
    Severity(u8),
    Exists(String),
    Equal(String, String),
    Contains(String, String),
    Matches(String, Regex),
    Number(String, FieldOperator, f64),
    Never,
}

impl LogMatcher {
    /// Compiles a filter. Fails if a regular expression in it is invalid.
    pub fn new(filter: &Filter) -> Result<Self, QueryError> {
        Ok(Self { condition: compile(filter)? })
    }

    /// Returns whether the record meets the filter.
    pub fn matches(&self, record: &LogRecord) -> bool {
        holds(&self.condition, record)
    }
}

fn compile(filter: &Filter) -> Result<Condition, QueryError> {
    let each = |filters: &[Filter]| filters.iter().map(compile).collect::<Result<Vec<_>, _>>();
    Ok(match filter {
        Filter::All { of } => Condition::All(each(of)?),
        Filter::Any { of } => Condition::Any(each(of)?),
        Filter::Not { of } => Condition::Not(Box::new(compile(of)?)),
        Filter::Text { text } => Condition::Text(text.to_lowercase()),
        Filter::SeverityAtLeast { severity } => Condition::Severity(severity.0),
        Filter::Field { key, operator, value } => field(key.clone(), *operator, value)?,
    })
}

fn field(key: String, operator: FieldOperator, value: &str) -> Result<Condition, QueryError> {
    Ok(match operator {
        FieldOperator::Exists => Condition::Exists(key),
        FieldOperator::Equal => Condition::Equal(key, value.to_lowercase()),
        FieldOperator::Contains => Condition::Contains(key, value.to_lowercase()),
        FieldOperator::Regex => {
            let regex = compile_regex(value)
                .map_err(|reason| QueryError::Invalid(format!("regular expression {value:?}: {reason}")))?;
            Condition::Matches(key, regex)
        }
        number => match value.parse() {
            Ok(threshold) => Condition::Number(key, number, threshold),
            Err(_) => Condition::Never,
        },
    })
}

fn holds(condition: &Condition, record: &LogRecord) -> bool {
    let text_of = |key: &str| value_of(record, key);
    match condition {
        Condition::All(of) => of.iter().all(|one| holds(one, record)),
        Condition::Any(of) => of.iter().any(|one| holds(one, record)),
        Condition::Not(of) => !holds(of, record),
        Condition::Text(text) => {
            record.body.to_lowercase().contains(text)
                || record.attributes.0.values().any(|value| value.to_string().to_lowercase().contains(text))
        }
        Condition::Severity(minimum) => record.severity.0 >= *minimum,
        Condition::Exists(key) => text_of(key).is_some(),
        // An absent field equals the empty text.
        Condition::Equal(key, wanted) => text_of(key).unwrap_or_default().to_lowercase() == *wanted,
        Condition::Contains(key, part) => {
            text_of(key).is_some_and(|text| text.to_lowercase().contains(part.as_str()))
        }
        Condition::Matches(key, regex) => text_of(key).is_some_and(|text| regex.is_match(&text)),
        Condition::Number(key, operator, threshold) => {
            let Some(number) = text_of(key).and_then(|text| text.parse::<f64>().ok()) else { return false };
            match operator {
                FieldOperator::Greater => number > *threshold,
                FieldOperator::GreaterOrEqual => number >= *threshold,
                FieldOperator::Less => number < *threshold,
                FieldOperator::LessOrEqual => number <= *threshold,
                _ => false,
            }
        }
        Condition::Never => false,
    }
}

/// Returns the value of a field, none if the record lacks it.
fn value_of(record: &LogRecord, key: &str) -> Option<String> {
    let resource = |key: &str| record.resource.attributes.0.get(key).map(AttributeValue::to_string);
    let non_empty = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    match key {
        "service" => Some(record.resource.service().to_owned()),
        "host" | "environment" => resource(attribute_of_label(key)),
        "scope" => non_empty(&record.scope.name),
        "body" => non_empty(&record.body),
        "severity" => Some(record.severity.name().to_owned()),
        "event" => non_empty(&record.event_name),
        "trace_id" => record.trace_id.map(|id| id.to_string()),
        "span_id" => record.span_id.map(|id| id.to_string()),
        other => record.attributes.0.get(other).map(AttributeValue::to_string).or_else(|| resource(other)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use model::{Attributes, Resource, Severity, Timestamp};

    use super::*;
    use crate::parse_log_search;

    fn record() -> LogRecord {
        LogRecord {
            time: Timestamp(1),
            observed_time: Timestamp(1),
            severity: Severity::ERROR,
            severity_text: "ERROR".into(),
            body: "Timeout acquiring connection after 5000 ms".into(),
            resource: Arc::new(Resource::service_named("checkout")),
            scope: Arc::default(),
            attributes: Attributes::new().with("http.route", "/pay").with("retries", 3_i64),
            trace_id: None,
            span_id: None,
            event_name: String::new(),
        }
    }

    #[test]
    fn the_matcher_understands_the_search_language() {
        for (search, expected) in [
            ("", true),
            ("timeout", true),
            ("service:checkout", true),
            ("service:cart", false),
            ("severity>=warn timeout", true),
            ("retries>2", true),
            ("retries>3", false),
            ("http.route:/pay -timeout", false),
            ("http.route=~^/p.y$", true),
            ("trace_id:*", false),
            ("cart OR checkout", false),
            ("nothing OR acquiring", true),
        ] {
            let matcher = LogMatcher::new(&parse_log_search(search).unwrap()).unwrap();
            assert_eq!(matcher.matches(&record()), expected, "{search}");
        }
    }

    #[test]
    fn an_invalid_regular_expression_is_rejected() {
        let filter = Filter::Field { key: "body".into(), operator: FieldOperator::Regex, value: "(".into() };
        assert!(LogMatcher::new(&filter).is_err());
    }
}
