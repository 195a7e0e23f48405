//! What can be set, with the defaults. `assets/defaults.toml` documents the same for people.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{Command, Host, PrometheusFile, ScrapeTarget, Sentry, WatchedProcess};

/// Everything that can be set.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Where Binnacle listens.
    pub listen: Listen,
    /// What comes by StatsD.
    pub statsd: Statsd,
    /// Metrics of this machine.
    pub host: Host,
    /// Binnacle's metrics of itself.
    pub own: Own,
    /// Notifications of alerts.
    pub alerts: Alerts,
    /// Background analysis.
    pub analysis: Analysis,
    /// How data are kept.
    pub storage: Storage,
    /// How long data are kept.
    pub retention: Retention,
    /// How many series are kept.
    pub limits: Limits,
    /// Binnacle's own log.
    pub log: Log,
    /// Prometheus targets.
    pub scrape: Vec<ScrapeTarget>,
    /// Processes that are watched.
    pub process: Vec<WatchedProcess>,
    /// Prometheus' own settings files.
    pub prometheus: Vec<PrometheusFile>,
    /// Commands that print metrics.
    pub command: Vec<Command>,
    /// Log files that are followed.
    pub log_file: Vec<LogFile>,
    /// Sentry installations.
    pub sentry: Vec<Sentry>,
}

/// Where Binnacle listens: `address:port`, or an empty text for "not at all".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields, default)]
pub struct Listen {
    /// OpenTelemetry over gRPC.
    pub otlp_grpc: String,
    /// OpenTelemetry over HTTP.
    pub otlp_http: String,
    /// Prometheus remote write.
    pub remote_write: String,
    /// StatsD and DogStatsD over UDP.
    pub statsd: String,
    /// Path of a Unix socket for StatsD and DogStatsD.
    pub statsd_socket: String,
    /// The console as a web page.
    pub web: String,
}

impl Default for Listen {
    fn default() -> Self {
        Self {
            otlp_grpc: "127.0.0.1:4317".to_owned(),
            otlp_http: "127.0.0.1:4318".to_owned(),
            remote_write: "127.0.0.1:7172".to_owned(),
            statsd: "127.0.0.1:8125".to_owned(),
            statsd_socket: String::new(),
            web: "127.0.0.1:7171".to_owned(),
        }
    }
}

/// What comes by StatsD.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields, default)]
pub struct Statsd {
    /// Seconds that values are put together for before they are stored, at least 1.
    pub interval_seconds: u32,
    /// The service of what has no tag `service`; the first part of a metric's dotted name if empty.
    pub service: String,
}

impl Default for Statsd {
    fn default() -> Self {
        Self { interval_seconds: 10, service: String::new() }
    }
}

/// Binnacle's metrics of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields, default)]
pub struct Own {
    /// Seconds between two samples, at least 1.
    pub interval_seconds: u32,
}

impl Default for Own {
    fn default() -> Self {
        Self { interval_seconds: 10 }
    }
}

/// Notifications of alerts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields, default)]
pub struct Alerts {
    /// Whether they are shown on the desktop; they are recorded either way.
    pub desktop_notifications: bool,
}

impl Default for Alerts {
    fn default() -> Self {
        Self { desktop_notifications: true }
    }
}

/// Background analysis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields, default)]
pub struct Analysis {
    /// Whether it runs.
    pub enabled: bool,
    /// Minutes between two passes, at least 1.
    pub interval_minutes: u32,
}

impl Default for Analysis {
    fn default() -> Self {
        Self { enabled: true, interval_minutes: 5 }
    }
}

/// How data are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields, default)]
pub struct Storage {
    /// Megabytes of the disk that are kept free, or a quarter of the disk if that is less. Below that nothing is
    /// taken in.
    pub reserve_megabytes: u32,
}

impl Default for Storage {
    fn default() -> Self {
        Self { reserve_megabytes: 512 }
    }
}

/// How long data are kept: whichever limit is met first. What belongs to the evidence of an alert stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// Days samples and histogram points are kept, at least 1.
    pub metrics_days: u32,
    /// Days it is kept what they come to by the minute, no less than the points.
    pub metrics_minutes_days: u32,
    /// Days it is kept what they come to by the hour, no less than the minutes.
    pub metrics_hours_days: u32,
    /// Megabytes of their files, at least 1.
    pub metrics_megabytes: u32,
    /// Days log records are kept, at least 1.
    pub logs_days: u32,
    /// Megabytes of their texts, at least 1.
    pub logs_megabytes: u32,
    /// Days spans are kept, at least 1.
    pub spans_days: u32,
    /// Megabytes of their texts, at least 1.
    pub spans_megabytes: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            metrics_days: 60,
            metrics_minutes_days: 400,
            metrics_hours_days: 1_100,
            metrics_megabytes: 20_000,
            logs_days: 30,
            logs_megabytes: 20_000,
            spans_days: 14,
            spans_megabytes: 20_000,
        }
    }
}

/// How many series are kept. Points of new series beyond a limit are left out and told of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Series of all services together, at least 1.
    pub series: u32,
    /// Series of one service, at least 1.
    pub series_per_service: u32,
    /// Values that one label may have within one service, at least 1.
    pub values_per_label: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { series: 2_000_000, series_per_service: 300_000, values_per_label: 50_000 }
    }
}

/// Binnacle's own log.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// The least severe that is written.
    pub level: LogLevel,
}

/// How much Binnacle writes to its own log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Only failures.
    Error,
    /// Also what to look at.
    Warn,
    /// Also ordinary events.
    #[default]
    Info,
    /// Also debugging detail.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    /// The name as it stands in the file, which is also a directive of `tracing`'s filter.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// A log file, or a group of them, that is followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct LogFile {
    /// Absolute path, or one from `~/`; `*` in the file name stands for anything.
    pub path: String,
    /// The service in the console; the name of the file if empty.
    #[serde(default)]
    pub service: String,
    /// Whether what was there before the file was first seen is read too.
    #[serde(default)]
    pub from_start: bool,
}
