//! Batches of telemetry from receivers and collectors to the store.

use crate::{Exemplar, HistogramPoint, LogRecord, Sample, Series, SeriesId, Span};

/// Records that are committed together. Every series that a point names is in `series` or in
/// the store.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TelemetryBatch {
    /// Descriptors of the series named below, each with its number.
    pub series: Vec<(SeriesId, Series)>,
    /// Numbers of gauges and counters.
    pub samples: Vec<Sample>,
    /// Points of histograms and summaries.
    pub histograms: Vec<HistogramPoint>,
    /// Exemplars.
    pub exemplars: Vec<Exemplar>,
    /// Log records.
    pub logs: Vec<LogRecord>,
    /// Spans.
    pub spans: Vec<Span>,
}

impl TelemetryBatch {
    /// Adds a series and returns its ID for points.
    pub fn add_series(&mut self, series: Series) -> SeriesId {
        let id = series.id();
        self.series.push((id, series));
        id
    }

    /// Adds a series and one number of it.
    pub fn add_sample(&mut self, series: Series, time: crate::Timestamp, value: f64) {
        let series = self.add_series(series);
        self.samples.push(Sample { series, time, start_time: None, value });
    }

    /// Returns the number of records. Descriptors of series are not records.
    pub fn len(&self) -> usize {
        self.samples.len() + self.histograms.len() + self.exemplars.len() + self.logs.len() + self.spans.len()
    }

    /// Returns true if there is nothing to commit.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
