//! Alert rules as they are edited, stored and listed.

use model::{Alert, AlertSeverity, AlertState, Comparator, HealthState, Timestamp};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::RuleSource;

/// An alert rule: a source of values, a condition on them, and the notification of firing alerts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct AlertRule {
    /// Stable identifier; empty on a rule that was never saved.
    pub id: String,
    /// Unique display name.
    pub name: String,
    /// True if the rule is evaluated.
    pub enabled: bool,
    /// Severity of its alerts.
    pub severity: AlertSeverity,
    /// The source of its values.
    #[serde(alias = "watch")]
    pub source: RuleSource,
    /// The comparison of values with the threshold.
    pub comparator: Comparator,
    /// The threshold, in the unit of the values.
    pub threshold: f64,
    /// Threshold below which (or above which) a firing alert resolves (hysteresis).
    pub resolve_threshold: Option<f64>,
    /// Time for which the condition must hold before the alert fires, in seconds.
    #[serde(alias = "hold_seconds")]
    pub for_seconds: u32,
    /// Seconds between evaluations.
    pub interval_seconds: u32,
    /// State of an alert while its data are missing.
    #[serde(alias = "missing_data")]
    pub no_data: NoDataPolicy,
    /// True if firing and resolved alerts are notified.
    pub notify: bool,
}

/// The state of an alert while its data are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum NoDataPolicy {
    /// The alert keeps its state.
    KeepState,
    /// The condition counts as not met.
    Resolve,
    /// The condition counts as met.
    Fire,
}

/// A rule with its current state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RuleOverview {
    /// The rule.
    pub rule: AlertRule,
    /// Its pending and firing alerts.
    pub active: Vec<Alert>,
    /// The worst state of these alerts.
    pub state: AlertState,
    /// Health of the rule's evaluation; unhealthy while it fails.
    pub health: HealthState,
    /// The last error of its evaluation, may be empty.
    pub error: String,
    /// Time of its last evaluation.
    pub evaluated_at: Option<Timestamp>,
    /// The rule in one sentence.
    pub description: String,
}
