//! Segments of a store as tables of points: samples are decoded, and histogram points get the
//! column names of an export.

use std::mem;

use duckdb::arrow::array::StringArray;

use super::table_rows::{TableRows, TableVisitor};
use crate::{database::sql::is_marker, metrics::sample_columns};

/// The format of a Parquet file, by the names of its columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TableFormat {
    /// A table of another program.
    Table,
    /// A segment of samples, one row per series.
    Samples,
    /// A segment of histogram points.
    Histograms,
    /// A segment of exemplars.
    Exemplars,
    /// A segment of roll-ups.
    RollUps,
}

/// Columns that identify a series beside metric, kind, unit, service and labels. Segments of early
/// formats lack them.
const IDENTITY: [&str; 7] =
    ["description", "temporality", "monotonic", "scope_name", "scope_version", "resource", "attributes"];
/// Columns that identify a segment of samples.
const SAMPLES: [&str; 8] =
    ["metric", "labels", "series_id", "first_time", "time_steps", "start_times", "decimals", "doubles"];
const HISTOGRAMS: [&str; 7] =
    ["metric", "labels", "series_id", "time", "quantile_values", "negative_counts", "zero_threshold"];
const EXEMPLARS: [&str; 6] =
    ["metric", "labels", "series_id", "time", "exemplar_value", "exemplar_attributes"];
const ROLL_UPS: [&str; 6] = ["metric", "labels", "series_id", "points", "first_time", "last_time"];

impl TableFormat {
    pub(super) fn of(columns: &[String]) -> Self {
        let has = |names: &[&str]| names.iter().all(|name| columns.iter().any(|column| column == name));
        if has(&SAMPLES) {
            Self::Samples
        } else if has(&HISTOGRAMS) {
            Self::Histograms
        } else if has(&EXEMPLARS) {
            Self::Exemplars
        } else if has(&ROLL_UPS) {
            Self::RollUps
        } else {
            Self::Table
        }
    }

    /// Returns a statement for the number of rows.
    pub(super) fn count(self, file: &str) -> String {
        match self {
            Self::Samples => {
                format!("SELECT coalesce(sum(greatest(points, 0)), 0)::UBIGINT FROM read_parquet({file})")
            }
            _ => format!("SELECT coalesce(sum(num_rows), 0)::UBIGINT FROM parquet_file_metadata({file})"),
        }
    }

    /// Returns a statement for the rows of a file with these columns.
    pub(super) fn select(self, file: &str, columns: &[String]) -> String {
        let identity =
            if has_identity(columns) { format!(", {}", IDENTITY.join(", ")) } else { String::new() };
        match self {
            Self::Table | Self::RollUps => format!("SELECT * FROM read_parquet({file})"),
            // Rows are in file order, so that the deltas of a series are adjacent.
            Self::Samples => format!(
                "SELECT metric, kind, unit, service, labels, nth, first_time, time_step, decimals, first_number, \
                   step, CASE WHEN {} THEN 'ended' ELSE CAST(number AS VARCHAR) END AS number, \
                   coalesce(start, start_time) AS start{identity} \
                 FROM (SELECT metric, kind, unit, service, labels, first_time, decimals, first_number, start_time, \
                   generate_subscripts(time_steps, 1) AS nth, unnest(time_steps) AS time_step, \
                   unnest(numbers) AS step, unnest(doubles) AS number, \
                   unnest(start_times) AS start{identity} FROM {})",
                is_marker("number"),
                sample_columns::table(file)
            ),
            Self::Exemplars => format!(
                "SELECT time, metric, kind, unit, service, NULL AS value, NULL AS count, NULL AS sum, \
                   NULL AS bucket_bounds, NULL AS bucket_counts, labels AS tags, exemplar_value, trace_id, span_id, \
                   exemplar_attributes{identity} FROM read_parquet({file})"
            ),
            Self::Histograms => format!(
                "SELECT time, metric, kind, unit, service, NULL AS value, count, sum, \
                   CAST(bounds AS VARCHAR) AS bucket_bounds, CAST(counts AS VARCHAR) AS bucket_counts, \
                   labels AS tags, start_time, {} AS ended, min, max, scale, zero_threshold, zero_count, \
                   positive_offset, negative_offset, CAST(negative_counts AS VARCHAR) AS negative_counts, \
                   CAST(quantile_values AS VARCHAR) AS quantile_values{identity} \
                 FROM read_parquet({file})",
                is_marker("sum")
            ),
        }
    }
}

/// Returns whether a segment identifies its series completely.
pub(super) fn has_identity(columns: &[String]) -> bool {
    IDENTITY.iter().all(|name| columns.iter().any(|column| column == name))
}

/// The columns of samples for the visitor: those of an export. The identity of the series follows.
const EXPORT_COLUMNS: [&str; 13] = [
    "metric",
    "kind",
    "unit",
    "service",
    "tags",
    "time",
    "value",
    "start_time",
    "ended",
    "count",
    "sum",
    "bucket_bounds",
    "bucket_counts",
];
/// The number of columns that are passed on unchanged.
const UNCHANGED: usize = 5;
/// The number of decoded columns: time, value, start time and end of the series.
const DECODED: usize = 4;
/// The position of the identity columns in the statement for samples.
const IDENTITY_OFFSET: usize = 13;

/// A visitor that decodes samples for another one.
pub(super) struct SampleDecoder<'a> {
    to: &'a mut dyn TableVisitor,
    /// Set if the file identifies its series completely.
    with_identity: bool,
    time: i64,
    number: i64,
}

impl<'a> SampleDecoder<'a> {
    pub(super) fn new(to: &'a mut dyn TableVisitor, with_identity: bool) -> Self {
        Self { to, with_identity, time: 0, number: 0 }
    }

    /// Decodes time, value and end of the series of the next point. Invalid values are omitted, and
    /// the visitor rejects them.
    fn next(&mut self, row_values: &[Option<&str>]) -> (Option<String>, Option<String>, Option<String>) {
        let text = |index: usize| row_values.get(index).copied().flatten();
        let whole = |index: usize| text(index).and_then(|text| text.parse::<i64>().ok());
        if text(5) == Some("1") {
            (self.time, self.number) = (whole(6).unwrap_or_default(), whole(9).unwrap_or_default());
        }
        // A damaged file may hold any numbers.
        self.time = self.time.wrapping_add(whole(7).unwrap_or_default());
        self.number = self.number.wrapping_add(whole(10).unwrap_or_default());
        let decimals = text(8).and_then(|text| text.parse::<u8>().ok());
        let value = match (decimals, text(11)) {
            (Some(decimals), _) if whole(10).is_some() => {
                Some((self.number as f64 / 10f64.powi(i32::from(decimals))).to_string())
            }
            (Some(_), _) => None,
            (None, Some("ended")) => Some("NaN".to_owned()),
            (None, number) => number.map(str::to_owned),
        };
        let ended = (decimals.is_none() && text(11) == Some("ended")).then(|| "true".to_owned());
        (whole(7).map(|_| self.time.to_string()), value, ended)
    }
}

impl TableVisitor for SampleDecoder<'_> {
    fn begin(&mut self, _: &[String], rows: u64) -> bool {
        let identity = if self.with_identity { IDENTITY.as_slice() } else { &[] };
        let columns: Vec<String> =
            EXPORT_COLUMNS.iter().chain(identity).map(|name| (*name).to_owned()).collect();
        self.to.begin(&columns, rows)
    }

    fn rows(&mut self, rows: &TableRows<'_>) -> bool {
        let identity = if self.with_identity { IDENTITY.len() } else { 0 };
        let mut columns: Vec<Vec<Option<String>>> = vec![Vec::new(); EXPORT_COLUMNS.len() + identity];
        for row in 0..rows.len() {
            let row_values = rows.row(row);
            let (time, value, ended) = self.next(&row_values);
            let text = |index: usize| row_values.get(index).copied().flatten().map(str::to_owned);
            let decoded = [time, value, text(12), ended];
            let whole = (0..UNCHANGED).map(text).chain(decoded);
            // Samples have no histogram columns.
            let none = EXPORT_COLUMNS.len() - UNCHANGED - DECODED;
            let whole = whole
                .chain(std::iter::repeat_n(None, none))
                .chain((IDENTITY_OFFSET..IDENTITY_OFFSET + identity).map(text));
            for (column, entry) in columns.iter_mut().zip(whole) {
                column.push(entry);
            }
        }
        let columns: Vec<StringArray> =
            columns.iter_mut().map(|column| StringArray::from(mem::take(column))).collect();
        self.to.rows(&TableRows::of(&columns))
    }
}
