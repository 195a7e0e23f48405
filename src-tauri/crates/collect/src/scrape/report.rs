//! The series about a scrape itself
//! (prometheus.io/docs/concepts/jobs_instances, "Automatically generated labels and time series").

use std::{sync::Arc, time::Duration};

use model::{Attributes, Labels, Resource, STALE, Series, TelemetryBatch, Timestamp};

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
    /// Adds the series of the report to a batch.
    pub(crate) fn add(
        &self,
        batch: &mut TelemetryBatch,
        resource: &Arc<Resource>,
        labels: &Labels,
        now: Timestamp,
    ) {
        add(batch, resource, labels, now, self.values());
    }

    /// Adds staleness markers for the series of the report.
    pub(crate) fn end(batch: &mut TelemetryBatch, resource: &Arc<Resource>, labels: &Labels, now: Timestamp) {
        add(
            batch,
            resource,
            labels,
            now,
            Self::default().values().map(|(name, unit, _)| (name, unit, STALE)),
        );
    }

    fn values(&self) -> [(&'static str, &'static str, f64); 8] {
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

fn add(
    batch: &mut TelemetryBatch,
    resource: &Arc<Resource>,
    labels: &Labels,
    now: Timestamp,
    values: [(&'static str, &'static str, f64); 8],
) {
    let attributes: Attributes = labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    for (name, unit, value) in values {
        let series = Series::gauge(name, unit, resource.clone(), attributes.clone());
        batch.add_sample(series, now, value);
    }
}
