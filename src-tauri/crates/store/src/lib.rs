//! Keeps telemetry and history in DuckDB.
