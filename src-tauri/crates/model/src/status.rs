//! What the engine says of itself.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{AlertSeverity, AlertState, HealthState, Timestamp};

/// The state of the whole engine at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct EngineStatus {
    /// Version of the program.
    pub version: String,
    /// Host it runs on.
    pub host: String,
    /// When it started.
    pub started: Timestamp,
    /// The clock of the engine now.
    pub now: Timestamp,
    /// Folder the data lie in.
    pub data_folder: String,
    /// The settings file.
    pub settings_file: String,
    /// Parts, in the order they were started.
    pub components: Vec<ComponentStatus>,
    /// Ways in that listen, with what came through them.
    pub listeners: Vec<ListenerStatus>,
    /// What somebody should know of and act on, the worst first.
    pub diagnostics: Vec<Diagnostic>,
    /// Records committed since the start.
    pub committed: RecordCounts,
    /// Records committed per second, over the last ten seconds.
    pub rate: RecordCounts,
    /// Bytes of the data folder.
    pub stored_bytes: u64,
    /// Alerts by state and the worst state there is.
    pub alerts: AlertCounts,
    /// Checks that are not well.
    pub checks: CheckCounts,
    /// Whether collecting is paused.
    pub paused: bool,
    /// Until when notifications are muted.
    pub muted_until: Option<Timestamp>,
    /// Whether the demonstration shop runs here.
    pub demonstration: bool,
    /// Whether there are data of the demonstration shop.
    pub demonstration_data: bool,
}

/// The state of one part of the engine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ComponentStatus {
    /// Which part, such as `host metrics` or `scrape http://…`.
    pub name: String,
    /// How it is.
    pub state: HealthState,
    /// What is wrong, may be empty.
    pub message: String,
}

/// A way in that listens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ListenerStatus {
    /// Protocol, such as `otlp_grpc`, `remote_write` or `web`.
    pub protocol: String,
    /// The address it listens on, or should.
    pub address: String,
    /// How it is.
    pub state: HealthState,
    /// What is wrong, such as a port that is in use, or what is worth knowing where nothing is; may be empty.
    pub message: String,
    /// Records that came through it since the start.
    pub received: RecordCounts,
    /// Requests refused since the start.
    pub rejected_requests: u64,
    /// Records left out since the start, of requests whose other records were stored.
    pub rejected_records: u64,
    /// When the last record came.
    pub last_received: Option<Timestamp>,
}

/// Something that is wrong around Binnacle and that somebody should act on, as long as it lasts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Diagnostic {
    /// The same for the same matter.
    pub id: String,
    /// How much it matters.
    pub severity: AlertSeverity,
    /// What is wrong, in a few words.
    pub title: String,
    /// What it means and what can be done, in a sentence or two.
    pub detail: String,
    /// Since when.
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

/// How many alerts stand where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AlertCounts {
    /// How many fire.
    pub firing: u32,
    /// How many are pending.
    pub pending: u32,
    /// The worst state.
    pub worst: AlertState,
}

/// How many checks are not well, by the state of their latest result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
pub struct CheckCounts {
    /// How many are degraded.
    pub degraded: u32,
    /// How many are unhealthy.
    pub unhealthy: u32,
}
