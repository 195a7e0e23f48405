//! Shared pieces of the tests.

pub mod clients;
pub mod engine_process;
pub mod otlp_load;
pub mod servers;
