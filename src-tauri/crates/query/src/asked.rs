//! What the name in a question stands for. Prometheus knows a histogram by the series of its parts, `NAME_count`, `NAME_sum`
//! and `NAME_bucket` (prometheus.io/docs/concepts/metric_types); those names lead to the histogram here.

use model::{Aggregation, HistogramBuckets, MetricKind};
use store::Store;

use crate::{QueryError, unit::aggregated_unit};

/// The metric that a question is about.
pub(crate) struct Asked<'a> {
    /// The name under which the store finds it.
    pub(crate) metric: &'a str,
    /// Its kind and unit; none for a metric nobody has heard of.
    pub(crate) known: Option<(MetricKind, String)>,
    /// Whether increases and rates are those of the sum of measurements, not of their number.
    of_sum: bool,
}

impl<'a> Asked<'a> {
    /// Finds the metric of a name. A metric that has the very name wins over a part of a histogram; an error if the part
    /// does not have what is asked of it.
    pub(crate) async fn find(
        store: &Store,
        name: &'a str,
        aggregation: Aggregation,
    ) -> Result<Self, QueryError> {
        let known = store.metric_kind(name).await?;
        if known.is_some() {
            return Ok(Self { metric: name, known, of_sum: false });
        }
        for suffix in ["_count", "_sum", "_bucket"] {
            let Some(metric) = name.strip_suffix(suffix) else { continue };
            let known = store.metric_kind(metric).await?;
            if !known.as_ref().is_some_and(|(kind, _)| is_histogram(*kind)) {
                continue;
            }
            let (has_it, possible) = match suffix {
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
            if !has_it {
                return Err(QueryError::Invalid(format!(
                    "{name} is a part of the histogram {metric}: ask for {possible}, or ask for {metric}"
                )));
            }
            return Ok(Self { metric, known, of_sum: suffix == "_sum" });
        }
        Ok(Self { metric: name, known: None, of_sum: false })
    }

    /// The unit of answers; empty for a metric nobody has heard of.
    pub(crate) fn unit(&self, aggregation: Aggregation) -> String {
        self.known.as_ref().map_or_else(String::new, |(kind, unit)| {
            aggregated_unit(unit, aggregation, is_histogram(*kind) && !self.of_sum)
        })
    }

    /// Puts what increases and rates are asked of into the place that they are taken from.
    pub(crate) fn count(&self, read: &mut [HistogramBuckets]) {
        if self.of_sum {
            for step in read.iter_mut().flat_map(|series| &mut series.steps) {
                step.count = step.sum;
            }
        }
    }
}

pub(crate) fn is_histogram(kind: MetricKind) -> bool {
    matches!(kind, MetricKind::Histogram | MetricKind::ExponentialHistogram | MetricKind::Summary)
}
