//! Entry points of the crate `fuzz`: the readers behind the collectors, without a network or a
//! store.

use std::path::Path;

use model::Timestamp;

use crate::{import, scrape};

/// Imports a Prometheus or OpenMetrics exposition with timestamps.
pub fn imported_exposition(is_openmetrics: bool, bytes: &[u8], now: Timestamp) {
    import::fuzz::exposition(is_openmetrics, bytes, now);
}

/// Imports a CSV file.
pub fn imported_csv(bytes: &[u8], now: Timestamp) {
    import::fuzz::csv(bytes, now);
}

/// Parses a Prometheus configuration file.
pub fn prometheus_config(text: &str) {
    scrape::parse_config_only(text, Path::new("/etc/prometheus"));
}
