//! Imports of files with samples.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{TimeRange, Timestamp};

/// A file to import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ImportRequest {
    /// Path on the machine that the engine runs on: Prometheus text, OpenMetrics, CSV or Parquet.
    /// In the status of an import of an uploaded file: the name of the file.
    pub path: String,
    /// The service of samples that name none.
    pub service: Option<String>,
    /// Reads the file without storing anything.
    pub dry_run: bool,
}

/// A file to upload for an import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct UploadRequest {
    /// Its name, for people.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
}

/// A part of a file that is being uploaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct UploadPart {
    /// Id of the upload.
    pub id: String,
    /// Position of its first byte.
    pub offset: u64,
    /// At most 1 MiB, in base64.
    pub data: String,
}

/// The import of an uploaded file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct UploadImportRequest {
    /// Id of the upload.
    pub id: String,
    /// The service of samples that name none.
    pub service: Option<String>,
    /// Reads the file without storing anything.
    pub dry_run: bool,
}

/// A file that is being uploaded for an import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Upload {
    /// Its id.
    pub id: String,
    /// Name of the file, for people.
    pub name: String,
    /// Bytes of the file.
    pub size: u64,
    /// Bytes of it that the engine has.
    pub received: u64,
}

/// The progress of an import.
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
    /// Rejected rows.
    pub rejected: u64,
    /// First reasons of rejection, with line and column.
    pub reasons: Vec<String>,
    /// From the first to just after the last point; none before there is one.
    pub range: Option<TimeRange>,
}

/// The state of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ImportState {
    /// It is being read.
    Running,
    /// The whole file was read.
    Done,
    /// It ended with an error.
    Failed,
    /// It was stopped on demand.
    Stopped,
}

/// An import of this run of the engine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ImportStatus {
    /// Its id.
    pub id: String,
    /// Request.
    pub request: ImportRequest,
    /// Start time.
    pub started: Timestamp,
    /// State.
    pub state: ImportState,
    /// Progress.
    pub progress: ImportProgress,
    /// Error, empty without one.
    pub error: String,
}
