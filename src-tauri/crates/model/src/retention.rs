//! Stored data, retention and integrity.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{TimeRange, Timestamp};

/// Kinds of data that have limits of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum DataKind {
    /// Samples and histogram points.
    Metrics,
    /// Log records.
    Logs,
    /// Spans.
    Spans,
}

/// The resolution of stored data. Logs and spans are always points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum DataResolution {
    /// Raw points as written.
    #[default]
    Points,
    /// 1-minute roll-ups.
    Minutes,
    /// 1-hour roll-ups.
    Hours,
}

/// The reason of a deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum DropReason {
    /// They are older than the limit of their kind.
    Age,
    /// Their kind has more bytes than its limit, and this service is the most over its equal share.
    Size,
}

/// Data of one kind and one service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct StoredData {
    /// The kind.
    pub kind: DataKind,
    /// The service.
    pub service: String,
    /// Retention tier, whose age limit applies.
    pub tier: DataResolution,
    /// Rows: points, records or spans.
    pub rows: u64,
    /// Rows of roll-ups.
    pub rollup_rows: u64,
    /// Bytes: of metrics the size of their files, of logs and spans the size of their text before
    /// compression.
    pub bytes: u64,
    /// Range from the first to the last record.
    pub range: TimeRange,
    /// Rows of these that stay whatever the limits, because they are evidence of an alert.
    pub pinned_rows: u64,
}

/// Data of one kind and one service to delete for one reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct DroppedData {
    /// The kind.
    pub kind: DataKind,
    /// The service.
    pub service: String,
    /// Retention tier, whose age limit applies.
    pub tier: DataResolution,
    /// Reason.
    pub reason: DropReason,
    /// Rows: points, records or spans.
    pub rows: u64,
    /// Rows of roll-ups.
    pub rollup_rows: u64,
    /// Bytes, counted as in [`StoredData`].
    pub bytes: u64,
    /// Range from the first to the last record.
    pub range: TimeRange,
}

/// Limits of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RetentionLimits {
    /// The kind.
    pub kind: DataKind,
    /// Maximum age of raw data in nanoseconds.
    pub age: i64,
    /// Maximum age of 1-minute roll-ups of metrics, at least that of points.
    pub minutes_age: Option<i64>,
    /// Maximum age of 1-hour roll-ups of metrics, at least that of 1-minute roll-ups.
    pub hours_age: Option<i64>,
    /// Maximum bytes, over which the oldest data are deleted.
    pub bytes: u64,
}

impl RetentionLimits {
    /// Returns the maximum age of a resolution in nanoseconds.
    pub fn age_of(&self, resolution: DataResolution) -> i64 {
        let minutes = self.minutes_age.unwrap_or(self.age).max(self.age);
        match resolution {
            DataResolution::Points => self.age,
            DataResolution::Minutes => minutes,
            DataResolution::Hours => self.hours_age.unwrap_or(minutes).max(minutes),
        }
    }
}

/// The growth of a kind of data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct DataGrowth {
    /// The kind.
    pub kind: DataKind,
    /// Stored bytes.
    pub bytes: u64,
    /// Bytes added per day, over the last week or since the first.
    pub bytes_per_day: u64,
    /// Days until the size limit is reached at this rate. None without growth.
    pub days_left: Option<f64>,
}

/// The result of the next retention pass, before it runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RetentionPreview {
    /// Time of the computation.
    pub at: Timestamp,
    /// Limits of the computation.
    pub limits: Vec<RetentionLimits>,
    /// Stored data by kind and service, the largest first.
    pub stored: Vec<StoredData>,
    /// Growth by kind.
    pub growth: Vec<DataGrowth>,
    /// Data to delete.
    pub dropped: Vec<DroppedData>,
}

/// One storage level of one kind of data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct DataLevel {
    /// The kind.
    pub kind: DataKind,
    /// Name of the level: `not sealed yet`, `4 hours`, `1 day`, `30 days`, `all time` or
    /// `database`. Levels of roll-ups end in `, minutes` or `, hours`.
    pub level: String,
    /// Number of files. 0 for data in the database.
    pub files: u64,
    /// Rows: points, minutes, hours, records or spans.
    pub rows: u64,
    /// Bytes of the files.
    pub bytes: u64,
    /// Range from the first to the last record.
    pub range: Option<TimeRange>,
}

/// A summary of the stored data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct DataSummary {
    /// Stored data and data to delete.
    pub retention: RetentionPreview,
    /// Storage levels.
    pub levels: Vec<DataLevel>,
    /// Bytes of the database with its log.
    pub database_bytes: u64,
    /// Bytes free on the disk.
    pub free_bytes: u64,
    /// Bytes of the disk that stay free.
    pub reserve_bytes: u64,
}

/// A file or table that can be verified by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct IntegrityTarget {
    /// Name of the file, or `table` and the name of the table.
    pub name: String,
    /// Bytes of the file; 0 for a table.
    pub bytes: u64,
}

/// The result of a verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct IntegrityResult {
    /// Name of the verified file or table.
    pub name: String,
    /// Fault. None if it is intact.
    pub fault: Option<String>,
    /// Path in the quarantine, if it was moved there.
    pub moved_to: Option<String>,
    /// Number of roll-up files that were rebuilt from the points.
    pub rebuilt: u64,
    /// Points of a damaged file that could not be saved. None if nothing was repaired.
    pub lost_points: Option<u64>,
}
