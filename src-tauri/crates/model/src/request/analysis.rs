//! Requests to the analysis.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{Aggregation, TagMatcher, TimeRange};

/// The target of an analysis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum AnalysisTarget {
    /// A metric, all matching series as one.
    Metric {
        /// Metric name.
        metric: String,
        /// Conditions on the series.
        matchers: Vec<TagMatcher>,
        /// Aggregation of the samples.
        aggregation: Aggregation,
    },
    /// A measure of a service, from its spans.
    Service {
        /// The service.
        service: String,
        /// Measure.
        measure: ServiceMeasure,
    },
}

/// A measure of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ServiceMeasure {
    /// Requests per second.
    Rate,
    /// Share of requests that failed.
    ErrorRatio,
    /// Median duration in nanoseconds.
    P50,
    /// 95th percentile of the duration in nanoseconds.
    P95,
}

/// A request for the trend and the anomalies of a target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct AnalysisRequest {
    /// The target of an analysis.
    pub target: AnalysisTarget,
    /// Range.
    #[serde(deserialize_with = "crate::requested_range")]
    pub range: TimeRange,
    /// At most this many points.
    #[serde(deserialize_with = "crate::requested_points")]
    pub max_points: u32,
}

/// Trend and band of one target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct AnalysisResponse {
    /// Unit of the values, may be empty.
    pub unit: String,
    /// The trend; none with fewer than ten points.
    pub trend: Option<crate::Trend>,
    /// The expected band and the values outside it.
    pub band: crate::AnomalyBand,
    /// When Binnacle could not observe.
    pub gaps: Vec<crate::Gap>,
}

/// A request to compare two ranges of a target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct CompareRequest {
    /// Target. For percentiles of a service the durations of its requests are compared.
    pub target: AnalysisTarget,
    /// Earlier range.
    #[serde(deserialize_with = "crate::requested_range")]
    pub before: TimeRange,
    /// Later range.
    #[serde(deserialize_with = "crate::requested_range")]
    pub after: TimeRange,
}

/// A comparison with the unit of its figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct CompareResponse {
    /// Unit of the values, may be empty.
    pub unit: String,
    /// The comparison.
    pub comparison: crate::Comparison,
}
