//! Queries over a real store, and arbitrary searches.

#![allow(clippy::unwrap_used, reason = "the steps that the tests share")]

#[cfg(target_os = "linux")]
mod against_prometheus;
mod expired_points;
mod metrics;
mod search_language;
mod shared_snapshots;
