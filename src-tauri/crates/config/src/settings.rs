//! Settings with their defaults. `assets/defaults.toml` documents them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{Command, Host, PrometheusFile, ScrapeTarget, Sentry, WatchedProcess};

/// The contents of the settings file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Addresses of the receivers.
    pub listen: Listen,
    /// StatsD receiver.
    pub statsd: Statsd,
    /// Metrics of this machine.
    pub host: Host,
    /// Metrics of Binnacle itself.
    #[serde(alias = "own")]
    pub self_metrics: SelfMetrics,
    /// Notifications of alerts.
    pub alerts: Alerts,
    /// Background analysis.
    pub analysis: Analysis,
    /// Disk space.
    pub storage: Storage,
    /// Retention by age and size.
    pub retention: Retention,
    /// Limits of what is received.
    pub limits: Limits,
    /// Log of Binnacle itself.
    pub log: Log,
    /// Prometheus targets.
    pub scrape: Vec<ScrapeTarget>,
    /// Monitored processes.
    pub process: Vec<WatchedProcess>,
    /// Configuration files of Prometheus.
    pub prometheus: Vec<PrometheusFile>,
    /// Commands that print metrics.
    pub command: Vec<Command>,
    /// Tailed log files.
    pub log_file: Vec<LogFile>,
    /// Sentry installations.
    pub sentry: Vec<Sentry>,
}

/// Addresses of the receivers as `address:port`. An empty text disables a receiver.
///
/// A receiver of requests whose address is not a loopback address needs the certificate, its key
/// and the token.
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
    /// PEM file with the certificate of this machine, followed by those of its issuers.
    pub tls_cert_file: String,
    /// PEM file with the key of the certificate.
    pub tls_key_file: String,
    /// File with the bearer token that other machines send.
    pub token_file: String,
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
            tls_cert_file: String::new(),
            tls_key_file: String::new(),
            token_file: String::new(),
        }
    }
}

/// Settings of the StatsD receiver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields, default)]
pub struct Statsd {
    /// Length of an aggregation interval in seconds, at least 1.
    pub interval_seconds: u32,
    /// Service of metrics without a tag `service`. Empty takes the first part of the dotted name.
    pub service: String,
    /// Accepts datagrams from other machines, although UDP has no encryption and no token.
    pub non_local_traffic: bool,
}

impl Default for Statsd {
    fn default() -> Self {
        Self { interval_seconds: 10, service: String::new(), non_local_traffic: false }
    }
}

/// Settings of the metrics of Binnacle itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields, default)]
pub struct SelfMetrics {
    /// Seconds between two samples, at least 1.
    pub interval_seconds: u32,
}

impl Default for SelfMetrics {
    fn default() -> Self {
        Self { interval_seconds: 10 }
    }
}

/// Notifications of alerts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields, default)]
pub struct Alerts {
    /// Enables notifications on the desktop. The notification log records them in any case.
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
    /// Enables the background passes.
    pub enabled: bool,
    /// Minutes between two passes, at least 1.
    pub interval_minutes: u32,
}

impl Default for Analysis {
    fn default() -> Self {
        Self { enabled: true, interval_minutes: 5 }
    }
}

/// Limits of the disk space.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields, default)]
pub struct Storage {
    /// Megabytes of disk space that stay free, or a quarter of the disk if that is less. Below it
    /// the store rejects new data.
    pub reserve_megabytes: u32,
}

impl Default for Storage {
    fn default() -> Self {
        Self { reserve_megabytes: 512 }
    }
}

/// Retention by age and by size. The first limit that is reached applies. Evidence of alerts stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// Days that raw points are retained, at least 1.
    pub metrics_days: u32,
    /// Days that 1-minute roll-ups are retained, at least as long as raw points.
    pub metrics_minutes_days: u32,
    /// Days that 1-hour roll-ups are retained, at least as long as 1-minute roll-ups.
    pub metrics_hours_days: u32,
    /// Maximum megabytes of metric segments, at least 1.
    pub metrics_megabytes: u32,
    /// Days that log records are retained, at least 1.
    pub logs_days: u32,
    /// Maximum megabytes of log text, at least 1.
    pub logs_megabytes: u32,
    /// Days that spans are retained, at least 1.
    pub spans_days: u32,
    /// Maximum megabytes of span text, at least 1.
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

/// Limits of what is received. Points of new series over a limit are dropped and reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Maximum series of all services together, at least 1.
    pub series: u32,
    /// Maximum series of one service, at least 1.
    pub series_per_service: u32,
    /// Maximum values of one label within one service, at least 1.
    pub values_per_label: u32,
    /// Maximum bytes of the labels of one series, and of the attributes of one resource. Longer
    /// values are cut. At least 1,024.
    pub label_set_bytes: u32,
    /// Maximum bytes of the labels, names and descriptions of all series and resources together, at
    /// least 1.
    pub label_bytes: u32,
    /// Maximum resources of all services together, at least 1.
    pub resources: u32,
    /// Maximum bytes of memory of all receivers together, at least 16 MiB.
    pub intake_bytes: u32,
    /// Maximum bytes of memory of all responses that scrape jobs, service discovery and Sentry
    /// installations read at a time, at least 16 MiB.
    pub response_bytes: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            series: 2_000_000,
            series_per_service: 300_000,
            values_per_label: 50_000,
            label_set_bytes: 8 << 10,
            label_bytes: 256 << 20,
            resources: 100_000,
            intake_bytes: 128 << 20,
            response_bytes: 128 << 20,
        }
    }
}

/// Settings of the log of Binnacle itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// Lowest level that is written.
    pub level: LogLevel,
}

/// The lowest level that Binnacle writes to its log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Failures only.
    Error,
    /// Also warnings.
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
    /// Returns the name in the file, which is also a directive of `tracing`'s filter.
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

/// A tailed log file, or a group of files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct LogFile {
    /// Absolute path or one from `~/`. The file name may be a glob, such as `*.log`.
    pub path: String,
    /// Service of the records. Empty takes the name of the file.
    #[serde(default)]
    pub service: String,
    /// Reads the contents that were there before Binnacle first saw the file.
    #[serde(default)]
    pub from_start: bool,
}
