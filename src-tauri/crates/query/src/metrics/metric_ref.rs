//! Resolution of a metric's name in a query.
//!
//! Prometheus knows a histogram by its component series `NAME_count`, `NAME_sum` and `NAME_bucket`
//! (prometheus.io/docs/concepts/metric_types). These names resolve to the histogram. Remote write
//! delivers a classic histogram as its components. The name of the histogram resolves to these.

use model::{Aggregation, MetricKind};
use store::Snapshot;

use super::unit::aggregated_unit;
use crate::QueryError;

/// A metric that a query refers to.
#[derive(Debug)]
pub(super) struct MetricRef {
    /// The name under which the store has it.
    pub(super) name: String,
    /// Its kind and unit; none for an unknown metric.
    pub(super) kind_and_unit: Option<(MetricKind, String)>,
    /// The values that the query needs.
    pub(super) values: Values,
    /// True if increases and rates are those of the sum of measurements, not of their number.
    is_sum: bool,
}

/// The values of a metric that a query needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Values {
    /// The samples of gauges and counters.
    Samples,
    /// The increases of counters.
    Increases,
    /// The points of histograms and summaries.
    Histograms,
    /// The increases of the buckets of a classic histogram.
    ClassicBuckets,
    /// The increases of the sum of a classic histogram, divided by those of the counter with this
    /// name.
    ClassicAverage(String),
}

impl MetricRef {
    /// Resolves a name. A metric of this name takes precedence over a component of a histogram, and
    /// this one over a histogram that the store has as its components.
    ///
    /// Fails if the component does not support the aggregation.
    pub(super) async fn resolve(
        snapshot: &Snapshot,
        name: &str,
        aggregation: Aggregation,
    ) -> Result<Self, QueryError> {
        let kind_and_unit = snapshot.metrics().kind(name).await?;
        if let Some((kind, _)) = &kind_and_unit {
            let per_bucket = aggregation.quantile().is_some() && *kind == MetricKind::Counter;
            if let Some(family) = name.strip_suffix("_bucket").filter(|_| per_bucket) {
                let unit = model::prometheus::unit_of_family(family).to_owned();
                return Ok(Self::of(name, Some((MetricKind::Histogram, unit)), Values::ClassicBuckets));
            }
            let values = match aggregation {
                _ if is_histogram(*kind) => Values::Histograms,
                Aggregation::Rate | Aggregation::Increase => Values::Increases,
                _ => Values::Samples,
            };
            return Ok(Self::of(name, kind_and_unit, values));
        }
        for suffix in ["_count", "_sum", "_bucket"] {
            let Some(histogram) = name.strip_suffix(suffix) else { continue };
            let kind_and_unit = snapshot.metrics().kind(histogram).await?;
            if !kind_and_unit.as_ref().is_some_and(|(kind, _)| is_histogram(*kind)) {
                continue;
            }
            let (is_supported, supported) = match suffix {
                "_count" => (
                    matches!(aggregation, Aggregation::Rate | Aggregation::Increase | Aggregation::Count),
                    "its rate or increase",
                ),
                "_sum" => (
                    matches!(aggregation, Aggregation::Rate | Aggregation::Increase | Aggregation::Sum),
                    "its rate or increase",
                ),
                _ => (aggregation.quantile().is_some(), "a percentile"),
            };
            if !is_supported {
                return Err(QueryError::Invalid(format!(
                    "{name} is a component of the histogram {histogram}: query {supported}, or query {histogram}"
                )));
            }
            let metric = Self::of(histogram, kind_and_unit, Values::Histograms);
            return Ok(Self { is_sum: suffix == "_sum", ..metric });
        }
        Self::resolve_family(snapshot, name, aggregation).await
    }

    /// Resolves the family name of a classic histogram whose components were written as counters.
    async fn resolve_family(
        snapshot: &Snapshot,
        family: &str,
        aggregation: Aggregation,
    ) -> Result<Self, QueryError> {
        let bucket = format!("{family}_bucket");
        if !matches!(snapshot.metrics().kind(&bucket).await?, Some((MetricKind::Counter, _))) {
            return Ok(Self::of(family, None, Values::Samples));
        }
        let (sum, count) = (format!("{family}_sum"), format!("{family}_count"));
        let (name, values) = match aggregation {
            Aggregation::Rate | Aggregation::Increase | Aggregation::Count => (count, Values::Increases),
            Aggregation::Sum => (sum, Values::Increases),
            Aggregation::Average | Aggregation::Last => (sum, Values::ClassicAverage(count)),
            _ => (bucket, Values::ClassicBuckets),
        };
        let unit = model::prometheus::unit_of_family(family).to_owned();
        Ok(Self::of(&name, Some((MetricKind::Histogram, unit)), values))
    }

    fn of(name: &str, kind_and_unit: Option<(MetricKind, String)>, values: Values) -> Self {
        Self { name: name.to_owned(), kind_and_unit, values, is_sum: false }
    }

    /// Returns whether increases and rates are those of the sum of measurements.
    pub(super) fn is_sum(&self) -> bool {
        self.is_sum
    }

    /// Returns the unit of aggregated values; empty for an unknown metric.
    pub(super) fn unit(&self, aggregation: Aggregation) -> String {
        self.kind_and_unit.as_ref().map_or_else(String::new, |(kind, unit)| {
            aggregated_unit(unit, aggregation, is_histogram(*kind) && !self.is_sum)
        })
    }
}

/// Returns whether the points of a metric have buckets or quantiles.
fn is_histogram(kind: MetricKind) -> bool {
    matches!(kind, MetricKind::Histogram | MetricKind::ExponentialHistogram | MetricKind::Summary)
}
