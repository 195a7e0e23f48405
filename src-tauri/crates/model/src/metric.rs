//! Series and the points they hold, in OpenTelemetry's data model.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use xxhash_rust::xxh3::Xxh3;

use crate::{Attributes, Resource, Scope, SpanId, Timestamp, TraceId};

/// The kind of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum MetricKind {
    /// A value that goes up and down.
    Gauge,
    /// A running total.
    Counter,
    /// Counts in buckets with explicit bounds.
    Histogram,
    /// Counts in buckets whose bounds follow from a scale.
    ExponentialHistogram,
    /// Quantiles computed by the application.
    Summary,
}

/// The start from which points count: the previous point or a fixed time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Temporality {
    /// Not applicable (gauges, summaries) or not declared.
    Unspecified,
    /// Each point counts since the previous one.
    Delta,
    /// Each point counts since the start time.
    Cumulative,
}

/// A stable number for a series: equal descriptors give equal numbers on every machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeriesId(pub u64);

/// The identity of a series, with its unit and description.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Metric name as the sender wrote it.
    pub name: String,
    /// Kind of the numbers.
    pub kind: MetricKind,
    /// Unit in UCUM notation as in OpenTelemetry (`s`, `By`, `1`), may be empty.
    pub unit: String,
    /// For people, may be empty; not part of the identity.
    pub description: String,
    /// Temporality of counters and histograms.
    pub temporality: Temporality,
    /// True for a counter that only goes up, apart from resets.
    pub monotonic: bool,
    /// The resource that sent it.
    pub resource: Arc<Resource>,
    /// The instrumentation scope that recorded it.
    pub scope: Arc<Scope>,
    /// Attributes of the points.
    pub attributes: Attributes,
}

impl Series {
    /// A gauge, the commonest series of our own making.
    pub fn gauge(name: &str, unit: &str, resource: Arc<Resource>, attributes: Attributes) -> Self {
        Self {
            name: name.to_owned(),
            kind: MetricKind::Gauge,
            unit: unit.to_owned(),
            description: String::new(),
            temporality: Temporality::Unspecified,
            monotonic: false,
            resource,
            scope: Arc::default(),
            attributes,
        }
    }

    /// A cumulative counter that only goes up.
    pub fn counter(name: &str, unit: &str, resource: Arc<Resource>, attributes: Attributes) -> Self {
        Self {
            kind: MetricKind::Counter,
            temporality: Temporality::Cumulative,
            monotonic: true,
            ..Self::gauge(name, unit, resource, attributes)
        }
    }

    /// Returns the ID of this series, a hash of its identity.
    pub fn id(&self) -> SeriesId {
        self.id_with(&self.attributes.to_json())
    }

    /// Returns the same as [`Self::id`] for a caller that has the attributes as JSON
    /// ([`Attributes::to_json`]) already.
    pub fn id_with(&self, attributes: &str) -> SeriesId {
        let mut hash = Xxh3::new();
        for part in [
            self.name.as_bytes(),
            &[self.kind as u8, self.temporality as u8, u8::from(self.monotonic)],
            self.unit.as_bytes(),
            &self.resource.id().to_le_bytes(),
            self.scope.name.as_bytes(),
            self.scope.version.as_bytes(),
            attributes.as_bytes(),
        ] {
            hash.update(&(part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        SeriesId(hash.digest())
    }
}

/// The staleness marker: the NaN that Prometheus reserves for a series that has ended.
///
/// Source: Prometheus, `model/value`, StaleNaN. A histogram ends with this sum and a count of zero.
pub const STALE: f64 = f64::from_bits(STALE_BITS);
const STALE_BITS: u64 = 0x7ff0_0000_0000_0002;

/// Returns true if a number is the marker [`STALE`] and not another NaN.
pub fn is_stale(value: f64) -> bool {
    value.to_bits() == STALE_BITS
}

/// One number of one series at one time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// The series.
    pub series: SeriesId,
    /// When it was observed.
    pub time: Timestamp,
    /// Since when a counter counts, if the sender gives it.
    pub start_time: Option<Timestamp>,
    /// The number; may be NaN or infinite, and [`STALE`] where the series ends.
    pub value: f64,
}

/// The counts of a histogram at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct HistogramPoint {
    /// The series.
    pub series: SeriesId,
    /// When it was observed.
    pub time: Timestamp,
    /// Since when it counts, if the sender gives it.
    pub start_time: Option<Timestamp>,
    /// Number of measurements.
    pub count: u64,
    /// Their sum, if the sender gives it.
    pub sum: Option<f64>,
    /// The smallest, if the sender gives it.
    pub min: Option<f64>,
    /// The largest, if the sender gives it.
    pub max: Option<f64>,
    /// The buckets.
    pub buckets: Buckets,
}

/// The buckets of a histogram.
#[derive(Debug, Clone, PartialEq)]
pub enum Buckets {
    /// `counts` has one entry more than `bounds`; bucket i holds values in (bounds\[i-1\],
    /// bounds\[i\]].
    Explicit {
        /// Upper bounds, ascending.
        bounds: Vec<f64>,
        /// Counts per bucket, not cumulated.
        counts: Vec<u64>,
    },
    /// Base-2 exponential buckets: bucket i of `positive` holds (b^(offset+i), b^(offset+i+1)], b =
    /// 2^(2^-scale).
    Exponential {
        /// Resolution.
        scale: i32,
        /// Values at most this far from zero are in `zero_count`.
        zero_threshold: f64,
        /// Count of the zero bucket.
        zero_count: u64,
        /// Offset of the first positive bucket.
        positive_offset: i32,
        /// Counts of the positive buckets.
        positive: Vec<u64>,
        /// Offset of the first negative bucket.
        negative_offset: i32,
        /// Counts of the negative buckets.
        negative: Vec<u64>,
    },
    /// A summary's quantiles: (quantile, value), no counts per bucket.
    Quantiles(Vec<(f64, f64)>),
}

/// A measurement stored beside a metric, with the span in which it was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Exemplar {
    /// The series.
    pub series: SeriesId,
    /// When it was measured.
    pub time: Timestamp,
    /// The measurement.
    pub value: f64,
    /// The trace in which it was made.
    pub trace_id: Option<TraceId>,
    /// The span in which it was made.
    pub span_id: Option<SpanId>,
    /// Attributes dropped from the series' own.
    pub attributes: Attributes,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identity_depends_on_attributes_and_resource_but_not_on_description() {
        let resource = Arc::new(Resource::service_named("a"));
        let one = Series::gauge("m", "s", resource.clone(), Attributes::new().with("k", "v"));
        let described = Series { description: "text".into(), ..one.clone() };
        assert_eq!(one.id(), described.id());
        let other = Series::gauge("m", "s", resource, Attributes::new().with("k", "w"));
        assert_ne!(one.id(), other.id());
        let elsewhere = Series { resource: Arc::new(Resource::service_named("b")), ..one.clone() };
        assert_ne!(one.id(), elsewhere.id());
    }
}
