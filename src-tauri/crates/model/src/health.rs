//! Health checks, their results and the incidents they make.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{CheckKind, TimeRange, Timestamp};

/// The state of a check, a service or a part of Binnacle, best first.
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
    /// The number stored in the series `check_up`: 1 healthy, 0.5 degraded, 0 unhealthy, NaN unknown.
    pub fn value(self) -> f64 {
        match self {
            Self::Healthy => 1.0,
            Self::Degraded => 0.5,
            Self::Unhealthy => 0.0,
            Self::Unknown => f64::NAN,
        }
    }
}

/// A check: what to look at, how often, and when to call it unhealthy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct HealthCheck {
    /// Stable name for machines; empty on a check that was never saved.
    pub id: String,
    /// Name for people, unique.
    pub name: String,
    /// Whether it is scheduled.
    pub enabled: bool,
    /// What to look at.
    pub kind: CheckKind,
    /// Seconds between looks.
    pub interval_seconds: u32,
    /// Seconds after which a look has failed.
    pub timeout_seconds: u32,
    /// How many more looks must fail before the check is unhealthy.
    pub retries: u32,
    /// Seconds between those looks.
    pub retry_interval_seconds: u32,
    /// A slower answer than this many milliseconds is degraded.
    pub degraded_above_ms: Option<u32>,
    /// The service the check belongs to, to be shown with it.
    pub service: Option<String>,
}

/// What one look found, retries included.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct CheckResult {
    /// The check.
    pub check_id: String,
    /// When the look ended.
    pub time: Timestamp,
    /// The verdict.
    pub state: HealthState,
    /// How long the successful (or last) attempt took, in nanoseconds.
    pub duration: i64,
    /// What was found, in one line.
    pub message: String,
    /// Attempts made, 1 without retries.
    pub attempts: u32,
    /// Numbers found on the way, such as `connect_seconds`, `query_seconds`, `status_code`, `certificate_days`.
    pub measurements: BTreeMap<String, f64>,
}

/// A stretch in which a check was not healthy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Incident {
    /// Stable name.
    pub id: String,
    /// The check.
    pub check_id: String,
    /// First bad result.
    pub started: Timestamp,
    /// First healthy result after it; none while it lasts.
    pub ended: Option<Timestamp>,
    /// The worst state in it.
    pub worst: HealthState,
    /// The message of the first bad result.
    pub message: String,
}

/// One cell of a check's timeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct TimelineBucket {
    /// The stretch the cell covers.
    pub range: TimeRange,
    /// The worst state in it; unknown where there was no result.
    pub state: HealthState,
    /// How many results lie in it.
    pub results: u32,
    /// Message of the worst result.
    pub message: String,
}

/// A check with what is known of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct CheckOverview {
    /// The check itself.
    pub check: HealthCheck,
    /// What is looked at, for people.
    pub target: String,
    /// Whether a password is kept for it.
    pub has_secret: bool,
    /// Its latest result; none before the first look.
    pub latest: Option<CheckResult>,
    /// When it came into its present state.
    pub since: Option<Timestamp>,
    /// The timeline of the range asked for, oldest first.
    pub timeline: Vec<TimelineBucket>,
    /// Share of observed time in which it was not unhealthy, 0 to 1, in the range asked for.
    pub uptime: Option<f64>,
    /// Median duration in the range asked for, in nanoseconds.
    pub median_duration: Option<i64>,
}
