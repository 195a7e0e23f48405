//! binnacle
fn main() {}
