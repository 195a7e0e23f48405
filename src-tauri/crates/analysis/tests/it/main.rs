//! Integration tests of the analysis.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod anomaly;
mod band;
mod comparison;
mod trend;
