//! The store through its public surface.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod against_model;
mod cache_release;
mod catalog_rebuild;
mod classic_families;
mod clock_jumps;
mod durability;
mod exemplars;
mod fixtures;
mod histograms;
mod logs;
mod metrics;
mod repair;
mod retention;
mod rollup_retention;
mod rollups;
mod schema_migration;
mod sealing;
mod segment_files;
mod series_gc;
mod series_limits;
mod shrink;
mod snapshots;
mod traces;
mod undeclared_types;
