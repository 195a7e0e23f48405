//! Telemetry pushed to us.
