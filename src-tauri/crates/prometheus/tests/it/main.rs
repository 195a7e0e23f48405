//! Integration tests of the Prometheus formats.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod format_fuzz;
mod format_samples;
mod protobuf_samples;
mod scraped_formats;
mod series_cache;
