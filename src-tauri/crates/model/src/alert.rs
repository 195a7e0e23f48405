//! Alert rules, alerts and their notifications.

use serde::{Deserialize, Deserializer, Serialize};
use ts_rs::TS;

use crate::{Labels, LogLine, SeriesPoints, TimeRange, Timestamp, TraceSummary};

/// The severity of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum AlertSeverity {
    /// For information.
    Info,
    /// Needs attention today.
    Warning,
    /// Needs attention now.
    Critical,
}

/// The comparison of a value with a threshold.
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
    /// Returns true if `value` meets the condition. NaN never does.
    pub fn holds(self, value: f64, threshold: f64) -> bool {
        match self {
            Self::Above => value > threshold,
            Self::AtLeast => value >= threshold,
            Self::Below => value < threshold,
            Self::AtMost => value <= threshold,
        }
    }
}

/// The state of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum AlertState {
    /// The condition is not met.
    Inactive,
    /// The condition is met, but not yet for long enough.
    Pending,
    /// The condition is met for long enough.
    Firing,
}

/// An alert: one label set of one rule with its state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Alert {
    /// Identifier, a hash of the rule and the labels.
    pub fingerprint: String,
    /// The rule.
    pub rule_id: String,
    /// The rule's name when the alert last changed.
    pub rule_name: String,
    /// Severity.
    pub severity: AlertSeverity,
    /// Labels that identify it among the alerts of the rule.
    pub labels: Labels,
    /// State.
    pub state: AlertState,
    /// Latest value. None if data stopped. In JSON the texts `NaN`, `+Inf` and `-Inf` are numbers,
    /// too.
    #[serde(with = "crate::numbers::option", default)]
    #[ts(type = "number | string | null")]
    pub value: Option<f64>,
    /// Threshold of the rule.
    pub threshold: f64,
    /// Unit of both, may be empty.
    pub unit: String,
    /// Time since which the condition is met.
    pub active_since: Option<Timestamp>,
    /// Time since which it fires.
    pub fired_at: Option<Timestamp>,
    /// Time of the last resolution.
    pub resolved_at: Option<Timestamp>,
    /// Time at which a user acknowledged this firing.
    pub acknowledged_at: Option<Timestamp>,
    /// Time of the last evaluation.
    pub evaluated_at: Timestamp,
}

/// A change of state of an alert, retained for good.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct AlertTransition {
    /// Time.
    pub time: Timestamp,
    /// The alert.
    pub fingerprint: String,
    /// The rule.
    pub rule_id: String,
    /// The rule's name then.
    pub rule_name: String,
    /// Labels of the alert.
    pub labels: Labels,
    /// State before.
    pub from: AlertState,
    /// State after.
    pub to: AlertState,
    /// Value that decided. None if data stopped. In JSON the texts `NaN`, `+Inf` and `-Inf` are
    /// numbers, too.
    #[serde(with = "crate::numbers::option", default)]
    #[ts(type = "number | string | null")]
    pub value: Option<f64>,
    /// Reason in a few words.
    pub reason: String,
}

/// Telemetry captured when an alert fired, retained beyond the retention limits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct AlertEvidence {
    /// The alert.
    pub fingerprint: String,
    /// Time at which it fired.
    pub fired_at: Timestamp,
    /// Captured range.
    pub range: TimeRange,
    /// Values of the rule's source.
    pub series: Vec<SeriesPoints>,
    /// Log records of the range, newest first.
    pub logs: Vec<LogLine>,
    /// Slow or failed traces of the range.
    pub traces: Vec<TraceSummary>,
}

/// The event that a notification reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum NotificationKind {
    /// An alert fires.
    Firing,
    /// An alert resolved.
    Resolved,
    /// A user tested the channel.
    Test,
    /// A change waits for a confirmation.
    Confirmation,
}

/// The outcome of a notification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", content = "reason", rename_all = "snake_case")]
pub enum DeliveryOutcome {
    /// The channel accepted it.
    Delivered,
    /// A silence suppressed it.
    Silenced,
    /// It could not be delivered.
    Failed(String),
}

/// Reads a channel name. Version 0.1 stored `none` as `record only`.
fn channel<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let name = String::deserialize(deserializer)?;
    Ok(if name == "record only" { "none".to_owned() } else { name })
}

/// A notification with its outcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Notification {
    /// Identifier.
    pub id: String,
    /// Time.
    pub time: Timestamp,
    /// Reported event.
    pub kind: NotificationKind,
    /// The alert. None for tests and confirmations, and for several alerts.
    pub fingerprint: Option<String>,
    /// The alerts of one evaluation of the rule, if it reports several; else empty.
    #[serde(default)]
    pub grouped: Vec<String>,
    /// The rule. None for tests and confirmations.
    pub rule_id: Option<String>,
    /// Title: what and where.
    pub title: String,
    /// Body: value against threshold, since when.
    pub body: String,
    /// Name of the channel, such as `desktop`; `none` for a notification that was only recorded.
    #[serde(deserialize_with = "channel")]
    pub channel: String,
    /// Outcome.
    pub outcome: DeliveryOutcome,
    /// Action that the user chose, such as `acknowledge`.
    pub action: Option<String>,
}

impl Notification {
    /// Returns the fingerprints of its alerts.
    pub fn fingerprints(&self) -> impl Iterator<Item = &String> {
        self.fingerprint.iter().chain(&self.grouped)
    }
}

/// A silence: a range of time in which matching alerts send no notification.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct Silence {
    /// Identifier, empty until the silence is saved.
    pub id: String,
    /// The rule. None matches every rule.
    pub rule_id: Option<String>,
    /// Labels that an alert must have, all of them.
    pub labels: Labels,
    /// Range.
    pub range: TimeRange,
    /// Reason.
    pub reason: String,
    /// True if it ends before its range does, once no alert that it covers is pending or firing.
    #[serde(default)]
    pub until_resolved: bool,
}
