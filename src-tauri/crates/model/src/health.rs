//! Health checks, their results and incidents.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{CheckKind, TimeRange, Timestamp};

/// The state of a check, a service or a component, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum HealthState {
    /// Works.
    Healthy,
    /// Could not be observed, or never was.
    Unknown,
    /// Works, but not well.
    Degraded,
    /// Does not work.
    Unhealthy,
}

impl HealthState {
    /// Returns the value in the series `check_up`: 1 healthy, 0.5 degraded, 0 unhealthy, NaN
    /// unknown.
    pub fn value(self) -> f64 {
        match self {
            Self::Healthy => 1.0,
            Self::Degraded => 0.5,
            Self::Unhealthy => 0.0,
            Self::Unknown => f64::NAN,
        }
    }
}

/// A health check: a probe, its schedule and its thresholds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct HealthCheck {
    /// Identifier, empty until the check is saved.
    pub id: String,
    /// Display name, unique.
    pub name: String,
    /// Enables the schedule.
    pub enabled: bool,
    /// Probe.
    pub kind: CheckKind,
    /// Seconds between runs.
    pub interval_seconds: u32,
    /// Timeout of an attempt in seconds.
    pub timeout_seconds: u32,
    /// Further attempts that must fail before the check is unhealthy.
    pub retries: u32,
    /// Seconds between those attempts.
    pub retry_interval_seconds: u32,
    /// Milliseconds above which a response is degraded.
    pub degraded_above_ms: Option<u32>,
    /// Service that the check belongs to.
    pub service: Option<String>,
}

impl HealthCheck {
    /// Returns an unsaved check with the schedule of a new check in the console.
    pub fn new(name: impl Into<String>, kind: impl Into<CheckKind>) -> Self {
        Self {
            id: String::new(),
            name: name.into(),
            enabled: true,
            kind: kind.into(),
            interval_seconds: 30,
            timeout_seconds: 5,
            retries: 1,
            retry_interval_seconds: 5,
            degraded_above_ms: None,
            service: None,
        }
    }
}

/// The result of one run, retries included.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct CheckResult {
    /// The check.
    pub check_id: String,
    /// End of the run.
    pub time: Timestamp,
    /// Verdict.
    pub state: HealthState,
    /// Duration of the successful (or last) attempt in nanoseconds.
    pub duration: i64,
    /// Result in one line.
    pub message: String,
    /// Attempts made, 1 without retries.
    pub attempts: u32,
    /// Measurements such as `connect_seconds`, `query_seconds`, `status_code`, `certificate_days`.
    /// In JSON the texts `NaN`, `+Inf` and `-Inf` are numbers, too.
    #[serde(with = "crate::numbers::map")]
    #[ts(type = "{ [key in string]: number | string }")]
    pub measurements: BTreeMap<String, f64>,
}

/// An interval in which a check was not healthy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Incident {
    /// Identifier.
    pub id: String,
    /// The check.
    pub check_id: String,
    /// First bad result.
    pub started: Timestamp,
    /// First healthy result after it. None while it is ongoing.
    pub ended: Option<Timestamp>,
    /// The worst state in it.
    pub worst: HealthState,
    /// The message of the first bad result.
    pub message: String,
}

/// One bucket of a check's timeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct TimelineBucket {
    /// Range of the bucket.
    pub range: TimeRange,
    /// The worst state in it. Unknown without a result.
    pub state: HealthState,
    /// Number of results in it.
    pub results: u32,
    /// Message of the worst result.
    pub message: String,
}

/// A check with its latest results.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct CheckOverview {
    /// The check itself.
    pub check: HealthCheck,
    /// Target as text.
    pub target: String,
    /// True if a secret is stored for it.
    pub has_secret: bool,
    /// True if an alert rule notifies when it is unhealthy.
    pub notifies: bool,
    /// Latest result. None before the first run.
    pub latest: Option<CheckResult>,
    /// Time of its latest change of state.
    pub since: Option<Timestamp>,
    /// The timeline of the requested range, oldest first.
    pub timeline: Vec<TimelineBucket>,
    /// Share of observed time in which it was not unhealthy, 0 to 1, in the requested range.
    pub uptime: Option<f64>,
    /// Median duration in the requested range, in nanoseconds.
    pub median_duration: Option<i64>,
}
