//! Conditions on records, apart from any language they are typed in.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::Severity;

/// The comparison of a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum MatchOperator {
    /// Equal; an absent tag equals the empty text.
    Equal,
    /// Not equal.
    NotEqual,
    /// Matches a regular expression from start to end.
    Regex,
    /// Does not match it.
    NotRegex,
}

/// A condition on one tag. `service` stands for `service.name`, `host` for `host.name` and
/// `environment` for `deployment.environment.name`; other keys are looked up in the attributes and
/// then in the resource.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TagMatcher {
    /// Tag.
    pub key: String,
    /// Comparison.
    pub operator: MatchOperator,
    /// Compared value.
    pub value: String,
}

impl TagMatcher {
    /// The commonest matcher.
    pub fn equal(key: &str, value: &str) -> Self {
        Self { key: key.to_owned(), operator: MatchOperator::Equal, value: value.to_owned() }
    }
}

/// The comparison of a field of a log record or a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum FieldOperator {
    /// Equal as text, in any case.
    Equal,
    /// Contains the text, in any case.
    Contains,
    /// Matches a regular expression anywhere.
    Regex,
    /// Number greater than.
    Greater,
    /// Number greater than or equal.
    GreaterOrEqual,
    /// Number less than.
    Less,
    /// Number less than or equal.
    LessOrEqual,
    /// Is there at all.
    Exists,
}

/// A condition on log records or spans.
///
/// Field names: `service`, `host`, `environment`, `scope`, `trace_id`, `span_id`; for logs also
/// `body`, `severity`, `event`; for spans also `name`, `kind`, `status`, `duration` (nanoseconds).
/// Any other name is looked up in the attributes and then in the resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Filter {
    /// Each of these; everything if empty.
    All {
        /// The conditions.
        of: Vec<Filter>,
    },
    /// At least one of these; nothing if empty.
    Any {
        /// The conditions.
        of: Vec<Filter>,
    },
    /// Not this.
    Not {
        /// The condition.
        of: Box<Filter>,
    },
    /// The text is in the body (logs) or the name (spans) or in the text of an attribute, in any
    /// case.
    Text {
        /// The text.
        text: String,
    },
    /// A field meets a condition.
    Field {
        /// Name of the field.
        key: String,
        /// Comparison.
        operator: FieldOperator,
        /// Compared value, empty for `Exists`.
        value: String,
    },
    /// At least as severe (logs only; no span matches).
    SeverityAtLeast {
        /// The least severity.
        severity: Severity,
    },
}

impl Filter {
    /// The filter that everything passes.
    pub fn everything() -> Self {
        Self::All { of: Vec::new() }
    }

    /// Both this filter and `other`.
    pub fn and(self, other: Filter) -> Self {
        match (self, other) {
            (Self::All { of: mut left }, Self::All { of: right }) => {
                left.extend(right);
                Self::All { of: left }
            }
            (Self::All { of: mut left }, right) => {
                left.push(right);
                Self::All { of: left }
            }
            (left, right) => Self::All { of: vec![left, right] },
        }
    }
}

impl From<&TagMatcher> for Filter {
    fn from(matcher: &TagMatcher) -> Self {
        let field = |operator, value: &str| Self::Field {
            key: matcher.key.clone(),
            operator,
            value: value.to_owned(),
        };
        let anchored = format!("^(?:{})$", matcher.value);
        match matcher.operator {
            MatchOperator::Equal => field(FieldOperator::Equal, &matcher.value),
            MatchOperator::NotEqual => {
                Self::Not { of: Box::new(field(FieldOperator::Equal, &matcher.value)) }
            }
            MatchOperator::Regex => field(FieldOperator::Regex, &anchored),
            MatchOperator::NotRegex => Self::Not { of: Box::new(field(FieldOperator::Regex, &anchored)) },
        }
    }
}
