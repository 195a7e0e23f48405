//! Shared pieces of the tests.

pub mod clients;
pub mod servers;
