//! What is kept and what goes next.

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

/// How fine data are. Logs and spans are always points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum DataResolution {
    /// Each as it was written.
    #[default]
    Points,
    /// What the points of a series come to in each minute.
    Minutes,
    /// The same in each hour.
    Hours,
}

/// Why data go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum DropReason {
    /// They are older than the limit of their kind.
    Age,
    /// Their kind has more bytes than its limit, and this service is the most over its equal share.
    Size,
}

/// What one service has of one kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct StoredData {
    /// The kind.
    pub kind: DataKind,
    /// The service.
    pub service: String,
    /// By which age it goes.
    pub tier: DataResolution,
    /// Rows: points, records or spans.
    pub rows: u64,
    /// Minutes or hours that points come to.
    pub rollup_rows: u64,
    /// Bytes: of metrics those of their files, of logs and spans those of their texts before the database packs
    /// them.
    pub bytes: u64,
    /// From the first to the last.
    pub range: TimeRange,
    /// Rows of these that stay whatever the limits, because they are evidence of an alert.
    pub pinned_rows: u64,
}

/// What goes of one service and one kind for one reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct DroppedData {
    /// The kind.
    pub kind: DataKind,
    /// The service.
    pub service: String,
    /// By which age it goes.
    pub tier: DataResolution,
    /// Why.
    pub reason: DropReason,
    /// Rows: points, records or spans.
    pub rows: u64,
    /// Minutes or hours that points come to.
    pub rollup_rows: u64,
    /// Bytes, counted as in [`StoredData`].
    pub bytes: u64,
    /// From the first to the last.
    pub range: TimeRange,
}

/// Limits of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RetentionLimits {
    /// The kind.
    pub kind: DataKind,
    /// Older data go, in nanoseconds.
    pub age: i64,
    /// Of metrics, older minutes go: never before the points.
    pub minutes_age: Option<i64>,
    /// Of metrics, older hours go: never before the minutes.
    pub hours_age: Option<i64>,
    /// Beyond so many bytes the oldest go.
    pub bytes: u64,
}

impl RetentionLimits {
    /// Older data of a detail go, in nanoseconds.
    pub fn age_of(&self, resolution: DataResolution) -> i64 {
        let minutes = self.minutes_age.unwrap_or(self.age).max(self.age);
        match resolution {
            DataResolution::Points => self.age,
            DataResolution::Minutes => minutes,
            DataResolution::Hours => self.hours_age.unwrap_or(minutes).max(minutes),
        }
    }
}

/// How fast a kind grows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct DataGrowth {
    /// The kind.
    pub kind: DataKind,
    /// Bytes there are now.
    pub bytes: u64,
    /// Bytes that came per day, over the last week or since the first.
    pub bytes_per_day: u64,
    /// Days until the limit of bytes is met at this pace; none if nothing comes.
    pub days_left: Option<f64>,
}

/// What the next pass of retention would take.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RetentionPreview {
    /// When this was found out.
    pub at: Timestamp,
    /// The limits it was found out with.
    pub limits: Vec<RetentionLimits>,
    /// What is there now, by kind and service, the largest first.
    pub stored: Vec<StoredData>,
    /// How fast each kind grows.
    pub growth: Vec<DataGrowth>,
    /// What would go.
    pub dropped: Vec<DroppedData>,
}

/// What lies where: one level of one kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct DataLevel {
    /// The kind.
    pub kind: DataKind,
    /// Where: `not sealed yet`, files of `4 hours`, `1 day`, `30 days` or `all time`, those of minutes and hours named so
    /// after a comma, or the `database`.
    pub level: String,
    /// Files; none for what lies in the database.
    pub files: u64,
    /// Rows: points, minutes, hours, records or spans.
    pub rows: u64,
    /// Bytes of the files.
    pub bytes: u64,
    /// From the first to the last.
    pub range: Option<TimeRange>,
}

/// All that is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct DataSummary {
    /// What is kept and what would go.
    pub retention: RetentionPreview,
    /// What lies where.
    pub levels: Vec<DataLevel>,
    /// Bytes of the database with its log.
    pub database_bytes: u64,
    /// Bytes free on the disk.
    pub free_bytes: u64,
    /// Bytes of the disk that are kept free.
    pub reserve_bytes: u64,
}

/// One part of the data that can be verified by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct IntegrityTarget {
    /// Its name: of a file, or `table` and the name of a table.
    pub name: String,
    /// Bytes of the file; 0 for a table.
    pub bytes: u64,
}

/// What was found out about a part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct IntegrityResult {
    /// The part.
    pub name: String,
    /// What is wrong with it; none if nothing is.
    pub fault: Option<String>,
    /// Where it was moved to, if it was taken out.
    pub moved_to: Option<String>,
    /// Files of minutes and hours that were made anew from the points: in place of this one, or beside it.
    pub rebuilt: u64,
}
