//! Alert rules, the alerts they raise, and what was told to whom.

use serde::{Deserialize, Deserializer, Serialize};
use ts_rs::TS;

use crate::{Labels, LogLine, SeriesPoints, TimeRange, Timestamp, TraceSummary};

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

/// Reads a channel name. Version 0.1 stored `none` as `record only`.
fn channel<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let name = String::deserialize(deserializer)?;
    Ok(if name == "record only" { "none".to_owned() } else { name })
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
    /// Name of the channel, such as `desktop`; `none` for a notification that was only recorded.
    #[serde(deserialize_with = "channel")]
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
