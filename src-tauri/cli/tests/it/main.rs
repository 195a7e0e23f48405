//! The help and the output of `binnacle-cli`, as recorded in `snapshots`.
//!
//! `UPDATE_EXPECT=1` records them again.

#![allow(clippy::unwrap_used, reason = "the steps that the tests share")]

mod generated;
mod help;
mod outputs;
mod terminal;
