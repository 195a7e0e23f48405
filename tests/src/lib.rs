//! Shared pieces of the tests.

pub mod clients;
pub mod display;
pub mod engine_process;
pub mod otlp_load;
mod screen;
pub mod servers;
pub mod tray;
pub mod web_driver;
