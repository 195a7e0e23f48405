//! Integration tests of the demonstration shop.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod generator;
mod run;
