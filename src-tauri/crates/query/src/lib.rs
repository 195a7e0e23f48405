//! The languages people type, evaluated over the store.

mod aggregate;
mod asked;
mod distribution;
mod error;
mod matching;
mod metrics;
mod records;
mod search;
mod unit;

pub use error::QueryError;
pub use matching::LogMatcher;
pub use metrics::{InstantAnswer, instant, instant_unit, moving, series};
pub use records::{log_counts, logs, traces};
pub use search::{check_regex, describe, parse_log_search, parse_trace_search};
pub use unit::aggregated_unit;
