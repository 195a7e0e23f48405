//! A Sentry installation collected into a real store, through everything that can happen on the way. The installation is
//! a server that follows the published API schema (see `tests/src/sentry_server`), with data of which the totals are
//! known.

#![allow(clippy::unwrap_used, reason = "a test that cannot set up its server should fail")]

mod bench;
mod cli;
mod counting;
mod faults;
mod preset;
mod secrecy;
