//! Reads of telemetry.

mod logs;
mod metrics;
mod services;
mod traces;
