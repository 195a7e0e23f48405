//! Resolution of a metric's name in a query.
//!
//! Prometheus knows a histogram by its component series `NAME_count`, `NAME_sum` and `NAME_bucket`
//! (prometheus.io/docs/concepts/metric_types). These names resolve to the histogram.

use model::{Aggregation, HistogramBuckets, MetricKind};
use store::Snapshot;

use super::unit::aggregated_unit;
use crate::QueryError;

/// A metric that a query refers to.
#[derive(Debug)]
pub(super) struct MetricRef<'a> {
    /// The name under which the store has it.
    pub(super) name: &'a str,
    /// Its kind and unit; none for an unknown metric.
    pub(super) kind_and_unit: Option<(MetricKind, String)>,
    /// True if increases and rates are those of the sum of measurements, not of their number.
    is_sum: bool,
}

impl<'a> MetricRef<'a> {
    /// Resolves a name. A metric of this name takes precedence over a component of a histogram.
    ///
    /// Fails if the component does not support the aggregation.
    pub(super) async fn resolve(
        snapshot: &Snapshot,
        name: &'a str,
        aggregation: Aggregation,
    ) -> Result<Self, QueryError> {
        let kind_and_unit = snapshot.metrics().kind(name).await?;
        if kind_and_unit.is_some() {
            return Ok(Self { name, kind_and_unit, is_sum: false });
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
            return Ok(Self { name: histogram, kind_and_unit, is_sum: suffix == "_sum" });
        }
        Ok(Self { name, kind_and_unit: None, is_sum: false })
    }

    /// Returns the unit of aggregated values; empty for an unknown metric.
    pub(super) fn unit(&self, aggregation: Aggregation) -> String {
        self.kind_and_unit.as_ref().map_or_else(String::new, |(kind, unit)| {
            aggregated_unit(unit, aggregation, is_histogram(*kind) && !self.is_sum)
        })
    }

    /// Replaces the counts of the steps by their sums if the query refers to the sum.
    pub(super) fn select_component(&self, read: &mut [HistogramBuckets]) {
        if self.is_sum {
            for step in read.iter_mut().flat_map(|series| &mut series.steps) {
                step.count = step.sum;
            }
        }
    }
}

/// Returns whether the points of a metric have buckets or quantiles.
pub(super) fn is_histogram(kind: MetricKind) -> bool {
    matches!(kind, MetricKind::Histogram | MetricKind::ExponentialHistogram | MetricKind::Summary)
}
