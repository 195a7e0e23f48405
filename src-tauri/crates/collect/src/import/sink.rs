//! Where an import puts what it reads: batches for the store, and the tally of all it saw.

use std::collections::HashSet;

use model::{
    Buckets, Exemplar, HistogramPoint, ImportProgress, Sample, Series, SeriesId, TelemetryBatch, TimeRange,
    Timestamp,
};
use tokio::sync::mpsc::Sender;

use super::{content::Content, rows::Point};

/// Points of one commit.
const BATCH: usize = 10_000;
/// A commit has fewer where its series and buckets hold this much text and numbers.
const BATCH_BYTES: usize = 8 << 20;
/// Reasons that are kept; more rows are refused for the same ones.
const REASONS: usize = 20;
/// So many refused rows before the first good one: this is no file of samples.
const HOPELESS: u64 = 10_000;

/// A batch, and the tally when it was full.
pub(crate) struct Filled {
    pub(crate) batch: TelemetryBatch,
    pub(crate) tally: ImportProgress,
}

/// Why reading ended before the end of the file.
#[derive(Debug)]
pub(crate) enum Ended {
    /// Nobody takes what is read any more.
    Unwanted,
    /// The file is not what it seemed.
    Hopeless(String),
}

/// Gathers batches and passes them on; waits while the store is behind.
pub(crate) struct Sink {
    batches: Sender<Filled>,
    batch: TelemetryBatch,
    /// About what the texts and buckets of `batch` take.
    bytes: usize,
    described: HashSet<SeriesId>,
    series: HashSet<SeriesId>,
    pub(crate) tally: ImportProgress,
}

impl Sink {
    pub(crate) fn new(batches: Sender<Filled>, bytes: u64) -> Self {
        let tally = ImportProgress { bytes, ..ImportProgress::default() };
        Self {
            batches,
            batch: TelemetryBatch::default(),
            bytes: 0,
            described: HashSet::new(),
            series: HashSet::new(),
            tally,
        }
    }

    /// Counts a refused row.
    pub(crate) fn refuse(&mut self, reason: impl FnOnce() -> String) -> Result<(), Ended> {
        self.tally.rejected += 1;
        if self.tally.reasons.len() < REASONS {
            let reason = reason();
            self.tally.reasons.push(reason);
        }
        if self.tally.points == 0 && self.tally.rejected >= HOPELESS {
            let first = self.tally.reasons.first().cloned().unwrap_or_default();
            return Err(Ended::Hopeless(format!("none of the first {HOPELESS} rows can be used; {first}")));
        }
        if self.tally.rejected.is_multiple_of(BATCH as u64) { self.pass_on() } else { Ok(()) }
    }

    /// Takes a point of a table.
    pub(crate) fn take(&mut self, point: Point) -> Result<(), Ended> {
        let (id, series) = &*point.series;
        self.describe(*id, || series.clone());
        let (time, start_time) = (point.time, point.start_time);
        match point.content {
            Content::Value(value) => {
                self.batch.samples.push(Sample { series: *id, time, start_time, value });
            }
            Content::Measured(measured) => {
                self.bytes += measured.attributes.to_json().len();
                self.batch.exemplars.push(Exemplar {
                    series: *id,
                    time,
                    value: measured.value,
                    trace_id: measured.trace_id,
                    span_id: measured.span_id,
                    attributes: measured.attributes,
                });
                return self.pass_on_if_full();
            }
            Content::Composite(composite) => {
                self.bytes += match &composite.buckets {
                    Buckets::Explicit { counts, .. } => 16 * counts.len(),
                    Buckets::Exponential { positive, negative, .. } => 8 * (positive.len() + negative.len()),
                    Buckets::Quantiles(quantiles) => 16 * quantiles.len(),
                };
                self.batch.histograms.push(HistogramPoint {
                    series: *id,
                    time,
                    start_time,
                    count: composite.count,
                    sum: composite.sum,
                    min: composite.min,
                    max: composite.max,
                    buckets: composite.buckets,
                });
            }
        }
        self.count(point.time);
        self.pass_on_if_full()
    }

    /// Takes points that were put together already; a batch is never divided.
    pub(crate) fn take_batch(&mut self, batch: TelemetryBatch) -> Result<(), Ended> {
        for (id, series) in batch.series {
            self.describe(id, || series);
        }
        let times = batch.samples.iter().map(|sample| sample.time);
        for time in times.chain(batch.histograms.iter().map(|point| point.time)) {
            self.count(time);
        }
        self.batch.samples.extend(batch.samples);
        self.batch.histograms.extend(batch.histograms);
        self.batch.exemplars.extend(batch.exemplars);
        self.pass_on_if_full()
    }

    /// Passes on what is left.
    pub(crate) fn finish(mut self) -> Result<(), Ended> {
        self.pass_on()
    }

    fn describe(&mut self, id: SeriesId, series: impl FnOnce() -> Series) {
        if self.described.insert(id) {
            let series = series();
            self.bytes += series.name.len() + series.description.len() + series.attributes.to_json().len();
            self.batch.series.push((id, series));
            if self.series.insert(id) {
                self.tally.series = self.series.len() as u64;
            }
        }
    }

    fn count(&mut self, time: Timestamp) {
        self.tally.points += 1;
        let after = Timestamp(time.0.saturating_add(1));
        self.tally.range = Some(match self.tally.range {
            Some(range) => TimeRange { start: range.start.min(time), end: range.end.max(after) },
            None => TimeRange { start: time, end: after },
        });
    }

    fn pass_on_if_full(&mut self) -> Result<(), Ended> {
        if self.batch.len() >= BATCH || self.bytes >= BATCH_BYTES { self.pass_on() } else { Ok(()) }
    }

    fn pass_on(&mut self) -> Result<(), Ended> {
        // Each batch describes its series itself.
        self.described.clear();
        self.bytes = 0;
        let batch = std::mem::take(&mut self.batch);
        self.batches.blocking_send(Filled { batch, tally: self.tally.clone() }).map_err(|_| Ended::Unwanted)
    }
}
