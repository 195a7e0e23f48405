//! Requests about metrics.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{
    Attributes, Gap, Labels, MetricKind, SpanId, TagMatcher, Temporality, TimeRange, Timestamp, TraceId,
};

/// The aggregation of samples to one value per step and group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Aggregation {
    /// Mean over time, then mean over series.
    Average,
    /// Mean over time, then sum over series.
    Sum,
    /// Smallest.
    Minimum,
    /// Largest.
    Maximum,
    /// Latest over time, then sum over series.
    Last,
    /// Number of samples.
    Count,
    /// Increase per second of a counter (or of a histogram's count), summed over series.
    Rate,
    /// Increase of a counter (or of a histogram's count), summed over series.
    Increase,
    /// Median of a histogram, or of a gauge's samples.
    P50,
    /// 90th percentile.
    P90,
    /// 95th percentile.
    P95,
    /// 99th percentile.
    P99,
}

impl Aggregation {
    /// Every aggregation, in the order of a menu.
    pub const ALL: [Self; 12] = [
        Self::Average,
        Self::Sum,
        Self::Minimum,
        Self::Maximum,
        Self::Last,
        Self::Count,
        Self::Rate,
        Self::Increase,
        Self::P50,
        Self::P90,
        Self::P95,
        Self::P99,
    ];

    /// Returns the name, which is also that of its serialized form.
    pub fn name(self) -> &'static str {
        match self {
            Self::Average => "average",
            Self::Sum => "sum",
            Self::Minimum => "minimum",
            Self::Maximum => "maximum",
            Self::Last => "last",
            Self::Count => "count",
            Self::Rate => "rate",
            Self::Increase => "increase",
            Self::P50 => "p50",
            Self::P90 => "p90",
            Self::P95 => "p95",
            Self::P99 => "p99",
        }
    }

    /// The quantile, 0 to 1, for the percentile aggregations.
    pub fn quantile(self) -> Option<f64> {
        match self {
            Self::P50 => Some(0.5),
            Self::P90 => Some(0.9),
            Self::P95 => Some(0.95),
            Self::P99 => Some(0.99),
            _ => None,
        }
    }
}

/// A request for the metrics in the catalog.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct MetricCatalogRequest {
    /// Part of the name, in any case; empty for all.
    pub search: String,
    /// Conditions on the series.
    pub matchers: Vec<TagMatcher>,
    /// At most this many, in name order.
    pub limit: u32,
}

/// One metric of the catalog.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct MetricSummary {
    /// Name.
    pub name: String,
    /// Kind.
    pub kind: MetricKind,
    /// Unit, may be empty.
    pub unit: String,
    /// Temporality.
    pub temporality: Temporality,
    /// For people, may be empty.
    pub description: String,
    /// Number of series.
    pub series: u32,
    /// Services that send it, at most 20.
    pub services: Vec<String>,
    /// Aggregation that shows most of it.
    pub suggested: Aggregation,
}

/// A request for the tags of a metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TagsRequest {
    /// The metric; the tags of all metrics if empty.
    pub metric: String,
    /// Conditions on the series.
    pub matchers: Vec<TagMatcher>,
}

/// One tag with its commonest values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct TagSummary {
    /// Key.
    pub key: String,
    /// Number of different values.
    pub count: u32,
    /// The commonest, at most 100.
    pub values: Vec<String>,
}

/// A request for the series of a chart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SeriesRequest {
    /// Metric name.
    pub metric: String,
    /// Conditions on the series.
    pub matchers: Vec<TagMatcher>,
    /// Aggregation of the samples.
    pub aggregation: Aggregation,
    /// Labels of the groups. Empty for one group of all series.
    pub group_by: Vec<String>,
    /// Range.
    #[serde(deserialize_with = "crate::requested_range")]
    pub range: TimeRange,
    /// Length of a step in nanoseconds; chosen from `max_points` if none.
    #[serde(deserialize_with = "crate::requested_step", default)]
    pub step: Option<i64>,
    /// At most this many steps.
    #[serde(deserialize_with = "crate::requested_points")]
    pub max_points: u32,
    /// At most this many groups, the largest first.
    pub limit: u32,
}

/// Values of one label set over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct SeriesPoints {
    /// Labels that identify it.
    pub labels: Labels,
    /// Starts of the steps that have a value, ascending.
    pub times: Vec<Timestamp>,
    /// The value of each. In JSON the texts `NaN`, `+Inf` and `-Inf` are numbers, too.
    #[serde(with = "crate::numbers::list")]
    #[ts(type = "Array<number | string>")]
    pub values: Vec<f64>,
}

/// The series of a chart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct SeriesResponse {
    /// Unit of the values, may be empty.
    pub unit: String,
    /// Length of a step, in nanoseconds.
    pub step: i64,
    /// The groups, largest first.
    pub series: Vec<SeriesPoints>,
    /// Total number of groups.
    pub total_series: u32,
    /// Ranges in which Binnacle could not observe.
    pub gaps: Vec<Gap>,
}

/// A request for raw samples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct SamplesRequest {
    /// Metric name.
    pub metric: String,
    /// Conditions on the series.
    pub matchers: Vec<TagMatcher>,
    /// Range.
    #[serde(deserialize_with = "crate::requested_range")]
    pub range: TimeRange,
    /// Maximum number of samples, the newest.
    pub limit: u32,
}

/// A request for exemplars.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ExemplarsRequest {
    /// Metric name.
    pub metric: String,
    /// Conditions on the series.
    pub matchers: Vec<TagMatcher>,
    /// Range.
    #[serde(deserialize_with = "crate::requested_range")]
    pub range: TimeRange,
    /// At most this many. Of more, the largest of every part of the range and some of the others.
    pub limit: u32,
}

/// An exemplar of a metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ExemplarPoint {
    /// Tags of the series.
    pub labels: Labels,
    /// When it was measured.
    pub time: Timestamp,
    /// The measurement. In JSON the texts `NaN`, `+Inf` and `-Inf` are numbers, too.
    #[serde(with = "crate::numbers::number")]
    #[ts(type = "number | string")]
    pub value: f64,
    /// The trace in which it was made.
    pub trace_id: Option<TraceId>,
    /// The span in which it was made.
    pub span_id: Option<SpanId>,
    /// Attributes that the series does not have.
    pub attributes: Attributes,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_an_aggregation_is_its_serialized_form() {
        for aggregation in Aggregation::ALL {
            assert_eq!(serde_json::to_value(aggregation).unwrap(), aggregation.name());
        }
    }
}
