//! Whole programs in normal use: the CLI, health checks, alerts, data, and the layering of crates.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod check_alerts;
mod checks;
mod cli;
mod cli_import;
mod clock;
mod console_address;
mod data;
mod earlier_version;
mod layering;
mod open_console;
mod watched_engine;
