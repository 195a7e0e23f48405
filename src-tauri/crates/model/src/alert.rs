//! Alert rules, the alerts they raise, and what was told to whom.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{
    Aggregation, HealthState, Labels, LogLine, SeriesPoints, TagMatcher, TimeRange, Timestamp, TraceSummary,
};

/// How much an alert matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum AlertSeverity {
    /// Good to know.
    Info,
    /// Look at it today.
    Warning,
    /// Look at it now.
    Critical,
}

/// The source of a rule's values. Each kind yields labelled values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum RuleSource {
    /// A metric, one value per combination of the `group_by` labels.
    Metric {
        /// Metric name.
        metric: String,
        /// Which series.
        matchers: Vec<TagMatcher>,
        /// How samples become one value.
        aggregation: Aggregation,
        /// Labels to keep apart.
        group_by: Vec<String>,
        /// How far back each value looks, in seconds.
        window_seconds: u32,
    },
    /// The state of health checks, one value per check: 0 healthy, 1 degraded, 2 unhealthy.
    Check {
        /// The check; every check if none.
        check_id: Option<String>,
    },
    /// How many log records match a search, per service if `by_service`.
    Logs {
        /// The search, in the language of the Logs view.
        query: String,
        /// Whether each service has its own value.
        by_service: bool,
        /// How far back the count looks, in seconds.
        window_seconds: u32,
    },
}

/// How a value is held against a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Comparator {
    /// Greater than.
    Above,
    /// Greater than or equal.
    AtLeast,
    /// Less than.
    Below,
    /// Less than or equal.
    AtMost,
}

impl Comparator {
    /// Whether `value` meets the condition; never for NaN.
    pub fn holds(self, value: f64, threshold: f64) -> bool {
        match self {
            Self::Above => value > threshold,
            Self::AtLeast => value >= threshold,
            Self::Below => value < threshold,
            Self::AtMost => value <= threshold,
        }
    }
}

/// What happens to an alert when its data stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum NoDataPolicy {
    /// It stays as it was.
    KeepState,
    /// It is treated as if the condition did not hold.
    Resolve,
    /// It is treated as if the condition held.
    Fire,
}

/// A rule: what to watch, when to call it bad, for how long, and whom to tell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct AlertRule {
    /// Stable name for machines; empty on a rule that was never saved.
    pub id: String,
    /// Name for people, unique.
    pub name: String,
    /// Whether it is evaluated.
    pub enabled: bool,
    /// How much it matters.
    pub severity: AlertSeverity,
    /// Where its values come from.
    #[serde(alias = "watch")]
    pub source: RuleSource,
    /// How values are held against the threshold.
    pub comparator: Comparator,
    /// The threshold, in the unit of the watched values.
    pub threshold: f64,
    /// A firing alert resolves only when the condition no longer holds against this value (hysteresis).
    pub resolve_threshold: Option<f64>,
    /// How long the condition must hold before the alert fires, in seconds.
    #[serde(alias = "for_seconds")]
    pub for_seconds: u32,
    /// Seconds between evaluations.
    pub interval_seconds: u32,
    /// What happens when data stop.
    #[serde(alias = "no_data")]
    pub no_data: NoDataPolicy,
    /// Whether firing and resolving are told on the desktop.
    pub notify: bool,
}

/// Where an alert stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum AlertState {
    /// The condition does not hold.
    Inactive,
    /// It holds, but not yet for long enough.
    Pending,
    /// It has held for long enough.
    Firing,
}

/// One label set of one rule and where it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Alert {
    /// Stable name made of the rule and the labels.
    pub fingerprint: String,
    /// The rule.
    pub rule_id: String,
    /// The rule's name when the alert last changed.
    pub rule_name: String,
    /// How much it matters.
    pub severity: AlertSeverity,
    /// What tells it from other alerts of the rule.
    pub labels: Labels,
    /// Where it stands.
    pub state: AlertState,
    /// The latest value; none if data stopped.
    pub value: Option<f64>,
    /// The threshold it is held against.
    pub threshold: f64,
    /// Unit of both, may be empty.
    pub unit: String,
    /// Since when the condition holds.
    pub active_since: Option<Timestamp>,
    /// Since when it fires.
    pub fired_at: Option<Timestamp>,
    /// When it last resolved.
    pub resolved_at: Option<Timestamp>,
    /// When somebody acknowledged this firing.
    pub acknowledged_at: Option<Timestamp>,
    /// When it was last evaluated.
    pub evaluated_at: Timestamp,
}

/// One change of state of an alert, kept for good.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct AlertTransition {
    /// When.
    pub time: Timestamp,
    /// The alert.
    pub fingerprint: String,
    /// The rule.
    pub rule_id: String,
    /// The rule's name then.
    pub rule_name: String,
    /// What told the alert apart.
    pub labels: Labels,
    /// State before.
    pub from: AlertState,
    /// State after.
    pub to: AlertState,
    /// The value that decided; none if data stopped.
    pub value: Option<f64>,
    /// Why, in a few words.
    pub reason: String,
}

/// What stood behind a firing, kept with it even after retention took the data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct AlertEvidence {
    /// The alert.
    pub fingerprint: String,
    /// When it fired.
    pub fired_at: Timestamp,
    /// The stretch the evidence is from.
    pub range: TimeRange,
    /// The watched values.
    pub series: Vec<SeriesPoints>,
    /// Log records of that stretch, newest first.
    pub logs: Vec<LogLine>,
    /// Slow or failed traces of that stretch.
    pub traces: Vec<TraceSummary>,
}

/// What a notification says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum NotificationKind {
    /// An alert fires.
    Firing,
    /// An alert resolved.
    Resolved,
    /// Somebody tried whether notifications arrive.
    Test,
}

/// What became of a notification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", content = "reason", rename_all = "snake_case")]
pub enum DeliveryOutcome {
    /// The notification service took it.
    Delivered,
    /// It was held back, because of a silence.
    Silenced,
    /// It could not be delivered.
    Failed(String),
}

/// One thing that was told (or should have been).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Notification {
    /// Stable name.
    pub id: String,
    /// When.
    pub time: Timestamp,
    /// What it says.
    pub kind: NotificationKind,
    /// The alert; none for tests.
    pub fingerprint: Option<String>,
    /// The rule; none for tests.
    pub rule_id: Option<String>,
    /// Title: what and where.
    pub title: String,
    /// Body: value against threshold, since when.
    pub body: String,
    /// By which way, such as `desktop`.
    pub channel: String,
    /// What became of it.
    pub outcome: DeliveryOutcome,
    /// The action somebody chose on it, such as `acknowledge`.
    pub action: Option<String>,
}

/// A stretch of time in which matching alerts are not told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Silence {
    /// Stable name; empty on a silence that was never saved.
    pub id: String,
    /// The rule; every rule if none.
    pub rule_id: Option<String>,
    /// Labels an alert must have; all of them.
    pub labels: Labels,
    /// From when to when.
    pub range: TimeRange,
    /// Why.
    pub reason: String,
}

/// What a rule would have done, had it existed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RuleBacktest {
    /// The watched values over the range.
    pub series: Vec<SeriesPoints>,
    /// Unit of the values, may be empty.
    pub unit: String,
    /// When it would have been pending or firing, per label set.
    pub intervals: Vec<BacktestInterval>,
    /// Notifications it would have sent, resolved ones not counted.
    pub notifications: u32,
    /// Time between two evaluated points, in nanoseconds; a shorter window is as long as it. It is longer than the rule's
    /// interval over long ranges and where only minutes or hours are left of the points.
    pub step: i64,
    /// A threshold that the data suggest: what one value in a hundred exceeds (or undercuts).
    pub suggested_threshold: Option<f64>,
    /// The rule in one sentence.
    pub sentence: String,
}

/// A stretch in which a previewed rule would have been pending or firing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct BacktestInterval {
    /// From when to when.
    pub range: TimeRange,
    /// Pending or firing.
    pub state: AlertState,
    /// For which label set.
    pub labels: Labels,
}

/// A rule with where it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RuleOverview {
    /// The rule itself.
    pub rule: AlertRule,
    /// Its alerts that are pending or firing.
    pub active: Vec<Alert>,
    /// The worst of their states.
    pub state: AlertState,
    /// How its own health is: unhealthy when evaluation fails.
    pub health: HealthState,
    /// Why evaluation fails, may be empty.
    pub error: String,
    /// When it was last evaluated.
    pub evaluated_at: Option<Timestamp>,
    /// The rule in one sentence.
    pub sentence: String,
}
