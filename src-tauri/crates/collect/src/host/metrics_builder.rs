//! A batch of metrics of one resource at one time.

use std::sync::Arc;

use model::{Attributes, Resource, Series, TelemetryBatch, Timestamp};

/// A batch under construction.
pub(crate) struct MetricsBuilder {
    pub(crate) batch: TelemetryBatch,
    resource: Arc<Resource>,
    now: Timestamp,
}

impl MetricsBuilder {
    pub(crate) fn new(resource: Arc<Resource>, now: Timestamp) -> Self {
        Self { batch: TelemetryBatch::default(), resource, now }
    }

    /// Adds a value that goes up and down.
    pub(crate) fn gauge(&mut self, name: &str, unit: &str, attributes: Attributes, value: f64) {
        self.batch.add_sample(Series::gauge(name, unit, self.resource.clone(), attributes), self.now, value);
    }

    /// Adds a running total.
    pub(crate) fn counter(&mut self, name: &str, unit: &str, attributes: Attributes, value: f64) {
        self.batch.add_sample(
            Series::counter(name, unit, self.resource.clone(), attributes),
            self.now,
            value,
        );
    }
}

/// Returns one attribute.
pub(crate) fn tag(key: &str, value: &str) -> Attributes {
    Attributes::new().with(key, value)
}

/// Returns `part` of `whole`, from 0 to 1.
pub(crate) fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { (part as f64 / whole as f64).clamp(0.0, 1.0) }
}
