//! `binnacle-cli`.
fn main() {}
