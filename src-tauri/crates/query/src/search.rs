//! The search language of logs and traces.
//!
//! | text | meaning |
//! | --- | --- |
//! | `word`, `"quoted phrase"` | the text contains it |
//! | `field:value`, `field=value`, `field!=value` | the field has the value, or not |
//! | `field:*` | the field exists |
//! | `field:~regex`, `field=~regex`, `field!~regex` | the field matches, or not |
//! | `field>100`, `>=`, `<`, `<=` | the field compares with the number |
//! | `NOT` or a leading `-` | negates the next condition |
//! | conditions side by side, or with `AND` | all must hold |
//! | `OR` | one must hold |
//! | parentheses | group conditions |

mod condition;
pub(crate) mod describe;
mod language;
mod parse;
mod scan;

use model::Filter;

pub(crate) use self::language::Language;
use crate::QueryError;

/// Parses a search for log records. An empty one finds everything.
///
/// An error has the position and the expected text.
pub fn parse_log_search(text: &str) -> Result<Filter, QueryError> {
    parse::parse(text, Language::Logs)
}

/// Parses a search for spans. An empty one finds everything.
///
/// An error has the position and the expected text.
pub fn parse_trace_search(text: &str) -> Result<Filter, QueryError> {
    parse::parse(text, Language::Traces)
}
