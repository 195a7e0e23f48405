//! Fuzzers: one function for each parser that reads foreign bytes, and seeds for it.
//!
//! `cargo xtask fuzz NAME SECONDS` runs one under libFuzzer, which is led by the coverage of the
//! instrumented code. The tests of this crate run each over its seeds and simple mutations.

mod seeds;
mod targets;

pub use targets::{TARGETS, Target, find};
