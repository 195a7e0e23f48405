//! Collecting series of this machine at one moment.

use std::sync::Arc;

use model::{Attributes, Resource, Series, TelemetryBatch, Timestamp};

/// Series of one resource at one time.
pub(crate) struct Telling {
    pub(crate) batch: TelemetryBatch,
    resource: Arc<Resource>,
    now: Timestamp,
}

impl Telling {
    pub(crate) fn new(resource: Arc<Resource>, now: Timestamp) -> Self {
        Self { batch: TelemetryBatch::default(), resource, now }
    }

    /// A value that goes up and down.
    pub(crate) fn gauge(&mut self, name: &str, unit: &str, attributes: Attributes, value: f64) {
        self.batch.add_sample(Series::gauge(name, unit, self.resource.clone(), attributes), self.now, value);
    }

    /// A running total.
    pub(crate) fn counter(&mut self, name: &str, unit: &str, attributes: Attributes, value: f64) {
        self.batch.add_sample(
            Series::counter(name, unit, self.resource.clone(), attributes),
            self.now,
            value,
        );
    }
}

/// One attribute.
pub(crate) fn tag(key: &str, value: &str) -> Attributes {
    Attributes::new().with(key, value)
}

/// `part` of `whole`, from 0 to 1.
pub(crate) fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { (part as f64 / whole as f64).clamp(0.0, 1.0) }
}
