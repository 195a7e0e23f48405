//! Compiled tag matchers.

use std::borrow::Cow;

use model::{MatchOperator, TagMatcher, UNKNOWN_SERVICE, attribute_of_label};
use regex::{Regex, RegexBuilder};

use super::series::SeriesEntry;
use crate::StoreError;

/// Conditions that must all be met.
pub(crate) struct Matchers(Vec<Condition>);

struct Condition {
    key: String,
    test: Test,
    negated: bool,
}

enum Test {
    Equal(String),
    Regex(Regex),
}

impl Matchers {
    /// Compiles the regular expressions.
    pub(crate) fn compile(matchers: &[TagMatcher]) -> Result<Self, StoreError> {
        matchers
            .iter()
            .map(|matcher| {
                let test = match matcher.operator {
                    MatchOperator::Equal | MatchOperator::NotEqual => Test::Equal(matcher.value.clone()),
                    MatchOperator::Regex | MatchOperator::NotRegex => Test::Regex(anchored(&matcher.value)?),
                };
                Ok(Condition {
                    key: attribute_of_label(&matcher.key).to_owned(),
                    test,
                    negated: matches!(matcher.operator, MatchOperator::NotEqual | MatchOperator::NotRegex),
                })
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Returns whether a series meets all conditions. An absent tag counts as the empty text.
    pub(crate) fn accept(&self, series: &SeriesEntry) -> bool {
        self.0.iter().all(|condition| {
            let value = value(series, &condition.key);
            let holds = match &condition.test {
                Test::Equal(expected) => value == expected.as_str(),
                Test::Regex(expression) => expression.is_match(&value),
            };
            holds != condition.negated
        })
    }
}

fn value<'series>(series: &'series SeriesEntry, key: &str) -> Cow<'series, str> {
    if let Some(value) = series.attributes.get(key) {
        return value.text();
    }
    match series.resource.attributes.0.get(key) {
        Some(model::AttributeValue::String(text)) => Cow::Borrowed(text),
        Some(other) => Cow::Owned(other.to_string()),
        None if key == "service.name" => Cow::Borrowed(UNKNOWN_SERVICE),
        None => Cow::Borrowed(""),
    }
}

fn anchored(expression: &str) -> Result<Regex, StoreError> {
    RegexBuilder::new(&format!("^(?:{expression})$"))
        .dot_matches_new_line(true)
        .size_limit(1 << 20)
        .build()
        .map_err(|error| {
            StoreError::InvalidRequest(format!("bad regular expression {expression:?}: {error}"))
        })
}
