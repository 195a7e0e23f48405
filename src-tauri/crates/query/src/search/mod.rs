//! The search language of logs and traces.
//!
//! Words and "quoted phrases" are looked for in the text; `field:value`, `field=value`, `field!=value`,
//! `field:*` (is there), `field:~regex`, `field=~regex`, `field!~regex`, `field>100`, `>=`, `<`, `<=` are
//! conditions on a field. `NOT` or a leading `-` turns a condition around; conditions beside one another
//! must all hold, `OR` asks for one of them, parentheses group.

mod condition;
mod describe;
mod parse;
mod scan;

pub use describe::describe;

use model::Filter;

pub use self::condition::check_regex;
pub(crate) use self::describe::describe_in;
use crate::QueryError;

/// Which records a search is about; some fields mean something in one language only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    /// Log records: `severity` (or `level`) is compared by rank.
    Logs,
    /// Spans: `duration` takes durations, `status` and `kind` take known words.
    Traces,
}

/// Understands a search for log records; an empty one finds everything. Errors say where and what was
/// expected.
pub fn parse_log_search(text: &str) -> Result<Filter, QueryError> {
    parse::parse(text, Language::Logs)
}

/// Understands a search for spans; an empty one finds everything. Errors say where and what was expected.
pub fn parse_trace_search(text: &str) -> Result<Filter, QueryError> {
    parse::parse(text, Language::Traces)
}
