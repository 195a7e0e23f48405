//! Telemetry we fetch.
