//! Collectors of telemetry: this machine, Prometheus targets, commands, log files, Sentry
//! installations, Binnacle itself, and the rates of stored spans. Each `run_` function is one
//! component of the engine. It reports its health through its reporter and returns when its token
//! is cancelled.

mod batch_writer;
mod command;
mod error_chain;
pub mod fuzz;
mod home_folder;
mod host;
mod host_name;
mod import;
mod name_pattern;
mod pull_handles;
mod scrape;
mod self_metrics;
mod sentry_api;
mod span_metrics;
mod tail;

pub use command::run_command;
pub use host::run_host;
pub use import::{ImportError, import_file};
pub use pull_handles::PullHandles;
pub use scrape::{SecretGuard, SecretServers, run_prometheus_file, run_scrape, secret_servers};
pub use self_metrics::{run_self_metrics, self_resource};
pub use sentry_api::{TokenSource, forget_sentry, run_sentry, sentry_access};
pub use span_metrics::run_span_metrics;
pub use tail::run_tail;
