//! Telemetry we fetch: this machine, Prometheus targets, commands, log files, Binnacle itself, and the rates and
//! durations of the spans that came in. Each `run_` function is one part of the engine: it says how it is
//! through its reporter and returns when its token is cancelled.

mod clock;
mod command;
mod delivery;
mod host;
mod import;
mod own;
mod scrape;
mod sentry;
mod span_metrics;
mod tail;

pub use command::run_command;
pub use host::run_host;
pub use import::{ImportError, import_file};
pub use own::{own_resource, run_self};
pub use scrape::{run_prometheus_file, run_scrape};
pub use sentry::{TokenSource, forget_sentry, run_sentry, sentry_access};
pub use span_metrics::run_span_metrics;
pub use tail::run_tail;
