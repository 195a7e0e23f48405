//! The sink of an import: batches for the store, and the progress.

use std::collections::HashSet;

use model::{
    Buckets, Exemplar, HistogramPoint, ImportProgress, Sample, Series, SeriesId, TelemetryBatch, TimeRange,
    Timestamp,
};
use tokio::sync::mpsc::Sender;

use super::{row_value::RowValue, rows::Point};

/// Maximum number of points of one batch.
const MAX_BATCH: usize = 10_000;
/// Maximum estimated bytes of the series and buckets of one batch.
const MAX_BATCH_BYTES: usize = 8 << 20;
/// Maximum number of reasons in the progress.
const MAX_REASONS: usize = 20;
/// Rejected rows before the first valid one after which the import ends.
const MAX_REJECTED_FIRST: u64 = 10_000;

/// A batch, and the progress at its end.
pub(crate) struct FilledBatch {
    pub(crate) batch: TelemetryBatch,
    pub(crate) progress: ImportProgress,
}

/// An early end of reading.
#[derive(Debug)]
pub(crate) enum SinkError {
    /// The receiver is closed.
    Closed,
    /// The file has no valid rows.
    NoValidRows(String),
}

/// The sink. It blocks while the store is behind.
pub(crate) struct BatchSink {
    batches: Sender<FilledBatch>,
    batch: TelemetryBatch,
    /// Estimated memory size of texts and buckets in `batch`.
    bytes: usize,
    described: HashSet<SeriesId>,
    series: HashSet<SeriesId>,
    pub(crate) progress: ImportProgress,
}

impl BatchSink {
    /// Creates a sink for a file of `bytes`.
    pub(crate) fn new(batches: Sender<FilledBatch>, bytes: u64) -> Self {
        let progress = ImportProgress { bytes, ..ImportProgress::default() };
        Self {
            batches,
            batch: TelemetryBatch::default(),
            bytes: 0,
            described: HashSet::new(),
            series: HashSet::new(),
            progress,
        }
    }

    /// Counts a rejected row.
    pub(crate) fn reject(&mut self, reason: impl FnOnce() -> String) -> Result<(), SinkError> {
        self.progress.rejected += 1;
        if self.progress.reasons.len() < MAX_REASONS {
            let reason = reason();
            self.progress.reasons.push(reason);
        }
        if self.progress.points == 0 && self.progress.rejected >= MAX_REJECTED_FIRST {
            let first = self.progress.reasons.first().cloned().unwrap_or_default();
            return Err(SinkError::NoValidRows(format!(
                "none of the first {MAX_REJECTED_FIRST} rows is valid; {first}"
            )));
        }
        if self.progress.rejected.is_multiple_of(MAX_BATCH as u64) { self.send() } else { Ok(()) }
    }

    /// Adds a point of a table.
    pub(crate) fn add(&mut self, point: Point) -> Result<(), SinkError> {
        let (id, series) = &*point.series;
        self.add_series(*id, || series.clone());
        let (time, start_time) = (point.time, point.start_time);
        match point.value {
            RowValue::Number(value) => {
                self.batch.samples.push(Sample { series: *id, time, start_time, value });
            }
            RowValue::Exemplar(exemplar) => {
                self.bytes += exemplar.attributes.to_json().len();
                self.batch.exemplars.push(Exemplar {
                    series: *id,
                    time,
                    value: exemplar.value,
                    trace_id: exemplar.trace_id,
                    span_id: exemplar.span_id,
                    attributes: exemplar.attributes,
                });
                return self.send_if_full();
            }
            RowValue::Histogram(histogram) => {
                self.bytes += match &histogram.buckets {
                    Buckets::Explicit { counts, .. } => 16 * counts.len(),
                    Buckets::Exponential { positive, negative, .. } => 8 * (positive.len() + negative.len()),
                    Buckets::Quantiles(quantiles) => 16 * quantiles.len(),
                };
                self.batch.histograms.push(HistogramPoint {
                    series: *id,
                    time,
                    start_time,
                    count: histogram.count,
                    sum: histogram.sum,
                    min: histogram.min,
                    max: histogram.max,
                    buckets: histogram.buckets,
                });
            }
        }
        self.count(point.time);
        self.send_if_full()
    }

    /// Adds an assembled batch, which is never divided.
    pub(crate) fn add_batch(&mut self, batch: TelemetryBatch) -> Result<(), SinkError> {
        for (id, series) in batch.series {
            self.add_series(id, || series);
        }
        let times = batch.samples.iter().map(|sample| sample.time);
        for time in times.chain(batch.histograms.iter().map(|point| point.time)) {
            self.count(time);
        }
        self.batch.samples.extend(batch.samples);
        self.batch.histograms.extend(batch.histograms);
        self.batch.exemplars.extend(batch.exemplars);
        self.send_if_full()
    }

    /// Sends the rest.
    pub(crate) fn finish(mut self) -> Result<(), SinkError> {
        self.send()
    }

    fn add_series(&mut self, id: SeriesId, series: impl FnOnce() -> Series) {
        if self.described.insert(id) {
            let series = series();
            self.bytes += series.name.len() + series.description.len() + series.attributes.to_json().len();
            self.batch.series.push((id, series));
            if self.series.insert(id) {
                self.progress.series = self.series.len() as u64;
            }
        }
    }

    fn count(&mut self, time: Timestamp) {
        self.progress.points += 1;
        let after = Timestamp(time.0.saturating_add(1));
        self.progress.range = Some(match self.progress.range {
            Some(range) => TimeRange { start: range.start.min(time), end: range.end.max(after) },
            None => TimeRange { start: time, end: after },
        });
    }

    fn send_if_full(&mut self) -> Result<(), SinkError> {
        if self.batch.len() >= MAX_BATCH || self.bytes >= MAX_BATCH_BYTES { self.send() } else { Ok(()) }
    }

    fn send(&mut self) -> Result<(), SinkError> {
        // Each batch has its series.
        self.described.clear();
        self.bytes = 0;
        let batch = std::mem::take(&mut self.batch);
        self.batches
            .blocking_send(FilledBatch { batch, progress: self.progress.clone() })
            .map_err(|_| SinkError::Closed)
    }
}
