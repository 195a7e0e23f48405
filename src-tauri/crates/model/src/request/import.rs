//! Files of samples that are brought into the store.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{TimeRange, Timestamp};

/// A file to import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ImportRequest {
    /// Path on the machine that the engine runs on: Prometheus text, OpenMetrics, CSV or Parquet.
    pub path: String,
    /// The service of samples that name none.
    pub service: Option<String>,
    /// Whether the file is only read and nothing kept.
    pub dry_run: bool,
}

/// How far an import is.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, TS)]
pub struct ImportProgress {
    /// Bytes of the file that were read.
    pub bytes_read: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// Rows or lines with a sample that were read.
    pub rows: u64,
    /// Samples and histogram points that were committed, or that would be in a dry run.
    pub points: u64,
    /// Series they belong to.
    pub series: u64,
    /// Rows that were refused.
    pub rejected: u64,
    /// The first reasons for that, with line and column.
    pub reasons: Vec<String>,
    /// From the first to just after the last point; none before there is one.
    pub range: Option<TimeRange>,
}

/// What becomes of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ImportState {
    /// It is being read.
    Running,
    /// The whole file was read.
    Done,
    /// It was given up.
    Failed,
    /// It was stopped on demand.
    Stopped,
}

/// An import of this run of the engine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ImportStatus {
    /// Its id.
    pub id: String,
    /// What was asked for.
    pub request: ImportRequest,
    /// When it began.
    pub started: Timestamp,
    /// What becomes of it.
    pub state: ImportState,
    /// How far it is.
    pub progress: ImportProgress,
    /// Why it was given up; empty if it was not.
    pub error: String,
}
