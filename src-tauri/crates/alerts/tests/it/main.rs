//! Integration tests of the alerts crate.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod actions;
mod backtest;
mod evaluation;
mod fixtures;
mod many_alerts;
mod notifications;
mod paused_rates;
mod rules;
mod state_machine;
mod stored_rules;
