//! Queries over the store: metric aggregations, and the search language of logs and traces.

mod error;
mod log_matcher;
mod metrics;
mod records;
mod regular_expression;
mod search;

pub use error::QueryError;
pub use log_matcher::LogMatcher;
pub use metrics::{InstantAnswer, MovingAnswer, instant, moving, series};
pub use records::{log_counts, logs, traces};
pub use regular_expression::check_regex;
pub use search::{describe::describe, parse_log_search, parse_trace_search};
