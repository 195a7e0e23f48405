//! Requests for documents.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::TimeRange;

/// A request for a performance report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ReportRequest {
    /// Title.
    pub title: String,
    /// Range.
    #[serde(deserialize_with = "crate::requested_range")]
    pub range: TimeRange,
    /// Services in it; every service if empty.
    pub services: Vec<String>,
    /// Minutes east of UTC for the times in the document.
    #[serde(deserialize_with = "crate::requested_utc_offset")]
    pub utc_offset_minutes: i32,
}

/// The format of a report or its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ReportFormat {
    /// One self-contained page with charts.
    Html,
    /// The figures behind the charts, one row per service and step. Spreadsheets run no formula in
    /// them.
    Csv,
    /// The same rows as CSV, with text as it is.
    CsvRaw,
    /// The same rows as Parquet.
    Parquet,
}

/// A request for the telemetry of a range as one file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ExportRequest {
    /// Exported signal.
    pub signal: ExportSignal,
    /// Range.
    #[serde(deserialize_with = "crate::requested_range")]
    pub range: TimeRange,
    /// The file format.
    pub format: ExportFormat,
}

/// A signal that can be exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ExportSignal {
    /// Samples with their tags.
    Metrics,
    /// Log records.
    Logs,
    /// Spans.
    Spans,
}

/// The format of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// Comma-separated values with a header line. A text that a spreadsheet would run as a formula
    /// begins with an apostrophe.
    Csv,
    /// Comma-separated values with text as it is.
    CsvRaw,
    /// Parquet.
    Parquet,
}
