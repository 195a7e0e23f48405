//! Integration tests of the collectors: real servers, files and programs on one side, a real store
//! on the other.

#![allow(clippy::unwrap_used, reason = "a test that cannot set up its servers and files should fail")]

#[cfg(target_os = "linux")]
mod beside_prometheus;
#[cfg(unix)]
mod command;
mod common;
#[path = "../../../prometheus/tests/it/format_samples.rs"]
mod format_samples;
mod http_discovery;
mod import;
mod import_fuzz;
#[cfg(target_os = "linux")]
mod node_exporter;
mod scrape;
mod self_and_host;
mod tail;
#[cfg(target_os = "linux")]
mod tls;
