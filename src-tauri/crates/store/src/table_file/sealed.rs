//! The partitions of a store as tables of points: samples are unfolded from their steps, histogram points get the
//! names that an export gives them.

use std::mem;

use duckdb::arrow::array::StringArray;

use super::{TableRows, TableVisitor, is_marker};
use crate::partition::samples_table;

/// What a Parquet file is, by the names of its columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A table of its own.
    Table,
    /// A partition of samples, one row per series.
    Samples,
    /// A partition of histogram points.
    Histograms,
    /// A partition of exemplars.
    Exemplars,
    /// A partition that says what was within each hour or minute.
    RollUps,
}

/// What tells a series from others beside metric, kind, unit, service and labels; partitions of older versions lack it.
const IDENTITY: [&str; 7] =
    ["description", "temporality", "monotonic", "scope_name", "scope_version", "resource", "attributes"];
/// Columns by which a partition of samples is told.
const SAMPLES: [&str; 8] =
    ["metric", "labels", "series_id", "first_time", "time_steps", "start_times", "decimals", "doubles"];
const HISTOGRAMS: [&str; 7] =
    ["metric", "labels", "series_id", "time", "quantile_values", "negative_counts", "zero_threshold"];
const EXEMPLARS: [&str; 6] =
    ["metric", "labels", "series_id", "time", "exemplar_value", "exemplar_attributes"];
const ROLL_UPS: [&str; 6] = ["metric", "labels", "series_id", "points", "first_time", "last_time"];

impl Form {
    pub(super) fn of(columns: &[String]) -> Self {
        let has = |wanted: &[&str]| wanted.iter().all(|name| columns.iter().any(|column| column == name));
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

    /// A statement for how many rows will come.
    pub(super) fn count(self, file: &str) -> String {
        match self {
            Self::Samples => {
                format!("SELECT coalesce(sum(greatest(points, 0)), 0)::UBIGINT FROM read_parquet({file})")
            }
            _ => format!("SELECT coalesce(sum(num_rows), 0)::UBIGINT FROM parquet_file_metadata({file})"),
        }
    }

    /// A statement for the rows of a file with these columns.
    pub(super) fn select(self, file: &str, columns: &[String]) -> String {
        let identity =
            if is_described(columns) { format!(", {}", IDENTITY.join(", ")) } else { String::new() };
        match self {
            Self::Table | Self::RollUps => format!("SELECT * FROM read_parquet({file})"),
            // In the order of the file: the steps of a series follow each other.
            Self::Samples => format!(
                "SELECT metric, kind, unit, service, labels, nth, first_time, time_step, decimals, first_number, \
                   step, CASE WHEN {} THEN 'ended' ELSE CAST(number AS VARCHAR) END AS number, \
                   coalesce(start, start_time) AS start{identity} \
                 FROM (SELECT metric, kind, unit, service, labels, first_time, decimals, first_number, start_time, \
                   generate_subscripts(time_steps, 1) AS nth, unnest(time_steps) AS time_step, \
                   unnest(numbers) AS step, unnest(doubles) AS number, \
                   unnest(start_times) AS start{identity} FROM {})",
                is_marker("number"),
                samples_table(file)
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

/// Whether a partition tells all of its series.
pub(super) fn is_described(columns: &[String]) -> bool {
    IDENTITY.iter().all(|name| columns.iter().any(|column| column == name))
}

/// The columns that samples are passed on with: those of an export. What tells their series from others follows.
const PASSED_ON: [&str; 13] = [
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
/// How many of them stand in the file as they are passed on.
const AS_THEY_ARE: usize = 5;
/// How many are made: time, value, start time and whether the series ends.
const UNFOLDED: usize = 4;
/// Columns that the statement for samples gives before those that tell of their series.
const TOLD: usize = 13;

/// Adds the steps of series up on their way to a visitor.
pub(super) struct Unfolding<'a> {
    to: &'a mut dyn TableVisitor,
    /// Whether the file tells all of its series.
    described: bool,
    time: i64,
    number: i64,
}

impl<'a> Unfolding<'a> {
    pub(super) fn new(to: &'a mut dyn TableVisitor, described: bool) -> Self {
        Self { to, described, time: 0, number: 0 }
    }

    /// Time, value and whether the series ends, of the next point; what does not make sense is left out and refused
    /// by the visitor.
    fn next(&mut self, told: &[Option<&str>]) -> (Option<String>, Option<String>, Option<String>) {
        let text = |index: usize| told.get(index).copied().flatten();
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

impl TableVisitor for Unfolding<'_> {
    fn begin(&mut self, _: &[String], rows: u64) -> bool {
        let identity = if self.described { IDENTITY.as_slice() } else { &[] };
        let columns: Vec<String> = PASSED_ON.iter().chain(identity).map(|name| (*name).to_owned()).collect();
        self.to.begin(&columns, rows)
    }

    fn rows(&mut self, rows: &TableRows<'_>) -> bool {
        let identity = if self.described { IDENTITY.len() } else { 0 };
        let mut columns: Vec<Vec<Option<String>>> = vec![Vec::new(); PASSED_ON.len() + identity];
        for row in 0..rows.len() {
            let told = rows.row(row);
            let (time, value, ended) = self.next(&told);
            let text = |index: usize| told.get(index).copied().flatten().map(str::to_owned);
            let unfolded = [time, value, text(12), ended];
            let whole = (0..AS_THEY_ARE).map(text).chain(unfolded);
            // Samples have nothing of histograms.
            let none = PASSED_ON.len() - AS_THEY_ARE - UNFOLDED;
            let whole = whole.chain(std::iter::repeat_n(None, none)).chain((TOLD..TOLD + identity).map(text));
            for (column, entry) in columns.iter_mut().zip(whole) {
                column.push(entry);
            }
        }
        let columns: Vec<StringArray> =
            columns.iter_mut().map(|column| StringArray::from(mem::take(column))).collect();
        self.to.rows(&TableRows::of(&columns))
    }
}
