//! Status of the engine.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{AlertSeverity, AlertState, HealthState, Timestamp};

/// The status of the whole engine at one time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct EngineStatus {
    /// Version of the program.
    pub version: String,
    /// Host it runs on.
    pub host: String,
    /// Start time.
    pub started: Timestamp,
    /// The clock of the engine now.
    pub now: Timestamp,
    /// Data folder.
    pub data_folder: String,
    /// The settings file.
    pub settings_file: String,
    /// Components in the order of their start.
    pub components: Vec<ComponentStatus>,
    /// Receivers with their counters.
    pub listeners: Vec<ListenerStatus>,
    /// Diagnostics for the user, the worst first.
    pub diagnostics: Vec<Diagnostic>,
    /// Records committed since the start.
    pub committed: RecordCounts,
    /// Records committed per second, over the last ten seconds.
    pub rate: RecordCounts,
    /// Bytes of the data folder.
    pub stored_bytes: u64,
    /// Alerts by state and the worst state there is.
    pub alerts: AlertCounts,
    /// Checks that are not healthy.
    pub checks: CheckCounts,
    /// True if collecting is paused.
    pub paused: bool,
    /// Time until which notifications are muted.
    pub muted_until: Option<Timestamp>,
    /// True if the demonstration shop runs in this engine.
    pub demonstration: bool,
    /// True if data of the demonstration shop are stored.
    pub demonstration_data: bool,
}

/// The health of one component of the engine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ComponentStatus {
    /// Name, such as `host metrics` or `scrape http://…`.
    pub name: String,
    /// State.
    pub state: HealthState,
    /// Problem, may be empty.
    pub message: String,
}

/// The status of a receiver.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ListenerStatus {
    /// Protocol, such as `otlp_grpc`, `remote_write` or `web`.
    pub protocol: String,
    /// Configured address.
    pub address: String,
    /// State.
    pub state: HealthState,
    /// Problem, such as a port that is in use, or a remark on a healthy receiver. May be empty.
    pub message: String,
    /// Who reaches it, and what it requires of them.
    pub access: ListenerAccess,
    /// Records received since the start.
    pub received: RecordCounts,
    /// Requests rejected since the start.
    pub rejected_requests: u64,
    /// Requests of these, or lines of StatsD, that were rejected because all receivers together
    /// held as much as the memory budget allows.
    pub over_budget: u64,
    /// Records rejected since the start, of requests whose other records were stored.
    pub rejected_records: u64,
    /// Time of the last record.
    pub last_received: Option<Timestamp>,
}

/// Who reaches a receiver, and what it requires of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ListenerAccess {
    /// Only programs of this machine.
    #[default]
    Local,
    /// Other machines, over TLS and with the token.
    Protected,
    /// Other machines, without TLS and token, because the settings allow it.
    Unprotected,
    /// No program. It does not listen, because other machines would reach it unprotected.
    Refused,
}

impl ListenerAccess {
    /// Returns a few words for people.
    pub fn label(self) -> &'static str {
        match self {
            Self::Local => "this machine only",
            Self::Protected => "other machines, TLS and token",
            Self::Unprotected => "other machines, without TLS and token",
            Self::Refused => "not listening, unprotected",
        }
    }
}

/// A problem around Binnacle that the user should act on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Diagnostic {
    /// Identifier, the same for the same problem.
    pub id: String,
    /// Severity.
    pub severity: AlertSeverity,
    /// Problem in a few words.
    pub title: String,
    /// Consequence and remedy, in a sentence or two.
    pub detail: String,
    /// Start time.
    pub since: Timestamp,
}

/// Records by signal.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, TS)]
pub struct RecordCounts {
    /// Samples and histogram points.
    pub samples: u64,
    /// Log records.
    pub logs: u64,
    /// Spans.
    pub spans: u64,
}

/// The number of alerts by state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AlertCounts {
    /// Firing alerts.
    pub firing: u32,
    /// Firing alerts that a user acknowledged.
    pub acknowledged: u32,
    /// Pending alerts.
    pub pending: u32,
    /// The worst state.
    pub worst: AlertState,
}

/// The number of checks that are not healthy, by the state of their latest result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct CheckCounts {
    /// Degraded checks.
    pub degraded: u32,
    /// Unhealthy checks.
    pub unhealthy: u32,
}
