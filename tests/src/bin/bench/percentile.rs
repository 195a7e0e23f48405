//! Percentiles of latencies.

use std::time::Duration;

/// Formats a quantile of sorted latencies in milliseconds; `-` without any.
pub(crate) fn milliseconds(sorted: &[Duration], quantile: f64) -> String {
    let index = ((sorted.len() as f64 * quantile) as usize).min(sorted.len().saturating_sub(1));
    sorted.get(index).map_or_else(|| "-".to_owned(), |latency| format!("{:.1}", latency.as_secs_f64() * 1e3))
}
