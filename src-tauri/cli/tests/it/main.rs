//! The files that `binnacle-cli` generates for the package.

#![allow(clippy::unwrap_used, reason = "the steps that the tests share")]

mod generated;
mod terminal;
