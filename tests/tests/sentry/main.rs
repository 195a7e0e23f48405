//! Collection from a Sentry installation into a real store, under failures and restarts.
//!
//! The installation is `test_support::sentry_server`, which follows the published API schema and
//! has data with known totals.

#![allow(clippy::unwrap_used, reason = "a test that cannot set up its server should fail")]

mod bench;
mod cli;
mod counting;
#[cfg(target_os = "linux")]
mod false_server;
mod faults;
mod preset;
mod secrecy;
