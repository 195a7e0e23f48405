//! Integration tests of the command list.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod absurd_requests;
mod confirmations;
mod rights;
mod typescript;
