//! Compiled tag matchers.

use std::borrow::Cow;

use model::{MatchOperator, TagMatcher, UNKNOWN_SERVICE, attribute_of_label};
use regex::{Regex, RegexBuilder};

use super::{packed_attributes::PackedValue, series::SeriesEntry};
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
    pub(crate) fn accept(&self, series: &SeriesEntry) -> Result<bool, StoreError> {
        if self.0.is_empty() {
            return Ok(true);
        }
        let of_points = series.attributes.read()?;
        // That of the resource is read only if it is needed.
        let mut of_resource = None;
        for condition in &self.0 {
            let key = condition.key.as_str();
            let value = match of_points.get(key) {
                Some(value) => value.text(),
                None if key == "service.name" && !series.resource.has_other_service => {
                    Cow::Borrowed(series.service())
                }
                None => {
                    if of_resource.is_none() {
                        of_resource = Some(series.resource.attributes.read()?);
                    }
                    let value = of_resource.as_ref().and_then(|attributes| attributes.get(key));
                    value.map_or_else(|| Cow::Borrowed(absent(key)), PackedValue::text)
                }
            };
            let holds = match &condition.test {
                Test::Equal(expected) => value == expected.as_str(),
                Test::Regex(expression) => expression.is_match(&value),
            };
            if holds == condition.negated {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Returns the value of a tag that a series does not have.
fn absent(key: &str) -> &'static str {
    if key == "service.name" { UNKNOWN_SERVICE } else { "" }
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
