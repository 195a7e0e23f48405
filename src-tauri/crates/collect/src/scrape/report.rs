//! The series about a scrape itself
//! (prometheus.io/docs/concepts/jobs_instances, "Automatically generated labels and time series").

use std::{sync::Arc, time::Duration};

use model::{Attributes, Labels, Resource, STALE, Sample, Series, SeriesId, TelemetryBatch, Timestamp};

/// Number of series of a report.
const REPORTED: usize = 8;

/// The result of one scrape.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Report {
    pub(crate) up: bool,
    pub(crate) took: Duration,
    /// Samples in the body, samples after relabelling, and series that the previous scrape did not
    /// have.
    pub(crate) scraped: usize,
    pub(crate) relabelled: usize,
    pub(crate) added: usize,
    pub(crate) timeout: Duration,
    /// Bytes of the body after decompression; 0 without a response, -1 beyond the limit.
    pub(crate) body_bytes: i64,
    pub(crate) sample_limit: usize,
}

impl Report {
    fn values(&self) -> [(&'static str, &'static str, f64); REPORTED] {
        [
            ("up", "1", if self.up { 1.0 } else { 0.0 }),
            ("scrape_duration_seconds", "s", self.took.as_secs_f64()),
            ("scrape_samples_scraped", "{sample}", self.scraped as f64),
            ("scrape_samples_post_metric_relabeling", "{sample}", self.relabelled as f64),
            ("scrape_series_added", "{series}", self.added as f64),
            ("scrape_timeout_seconds", "s", self.timeout.as_secs_f64()),
            ("scrape_body_size_bytes", "By", self.body_bytes as f64),
            ("scrape_sample_limit", "{sample}", self.sample_limit as f64),
        ]
    }
}

/// The series of the reports about one target.
#[derive(Debug)]
pub(crate) struct ReportSeries {
    resource: Arc<Resource>,
    attributes: Attributes,
    /// In the order of [`Report::values`].
    ids: [SeriesId; REPORTED],
    /// True if the store has their descriptors.
    is_stored: bool,
}

impl ReportSeries {
    /// Creates the series of a target's reports.
    pub(crate) fn new(resource: &Arc<Resource>, labels: &Labels) -> Self {
        let attributes = labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let resource = Arc::clone(resource);
        let mut series = Self { resource, attributes, ids: [SeriesId(0); REPORTED], is_stored: false };
        series.ids = Report::default().values().map(|(name, unit, _)| series.descriptor(name, unit).id());
        series
    }

    fn descriptor(&self, name: &str, unit: &str) -> Series {
        Series::gauge(name, unit, Arc::clone(&self.resource), self.attributes.clone())
    }

    /// Adds a report to a batch.
    pub(crate) fn add(&self, batch: &mut TelemetryBatch, report: &Report, now: Timestamp) {
        self.add_values(batch, now, report.values().map(|(.., value)| value));
    }

    /// Adds staleness markers for the series.
    pub(crate) fn end(&self, batch: &mut TelemetryBatch, now: Timestamp) {
        self.add_values(batch, now, [STALE; REPORTED]);
    }

    fn add_values(&self, batch: &mut TelemetryBatch, time: Timestamp, values: [f64; REPORTED]) {
        if !self.is_stored {
            self.push_descriptors(batch);
        }
        let samples = self.ids.into_iter().zip(values);
        batch.samples.extend(samples.map(|(series, value)| Sample { series, time, start_time: None, value }));
    }

    /// Adds the descriptors to a batch that has none of them, because the store has removed some.
    pub(crate) fn describe(&mut self, batch: &mut TelemetryBatch) {
        if std::mem::take(&mut self.is_stored) {
            self.push_descriptors(batch);
        }
    }

    /// Records that the store has the descriptors.
    pub(crate) fn mark_stored(&mut self) {
        self.is_stored = true;
    }

    fn push_descriptors(&self, batch: &mut TelemetryBatch) {
        for (id, (name, unit, _)) in self.ids.into_iter().zip(Report::default().values()) {
            batch.series.push((id, self.descriptor(name, unit)));
        }
    }
}
