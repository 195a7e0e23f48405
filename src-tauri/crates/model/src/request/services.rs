//! Requests about services, which are computed from their spans.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{Gap, HealthState, TagMatcher, TimeRange, Timestamp};

/// A request for the services and their health.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ServicesRequest {
    /// Range.
    #[serde(deserialize_with = "crate::requested_range")]
    pub range: TimeRange,
    /// The filters at the top of the console.
    pub matchers: Vec<TagMatcher>,
    /// Number of points of the sparklines.
    #[serde(deserialize_with = "crate::requested_buckets")]
    pub spark_points: u32,
}

/// One service in figures. Requests are its server and consumer spans, or its root spans if it has
/// none of those.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ServiceSummary {
    /// Name.
    pub service: String,
    /// Its state: from its errors, its alerts and its checks.
    pub state: HealthState,
    /// Reason why it is not healthy, may be empty.
    pub reason: String,
    /// Requests per second.
    pub rate: f64,
    /// Share of requests that failed, 0 to 1.
    pub error_ratio: f64,
    /// Median duration in nanoseconds.
    pub p50: Option<i64>,
    /// 95th percentile.
    pub p95: Option<i64>,
    /// 99th percentile.
    pub p99: Option<i64>,
    /// 95th percentile of the duration over the range, in nanoseconds; null where there were no
    /// requests.
    pub spark: Vec<Option<f64>>,
    /// Time of its latest span.
    pub last_seen: Timestamp,
}

/// A request for one service over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ServiceRequest {
    /// The service.
    pub service: String,
    /// One operation only.
    pub operation: Option<String>,
    /// Range.
    #[serde(deserialize_with = "crate::requested_range")]
    pub range: TimeRange,
    /// At most this many steps.
    #[serde(deserialize_with = "crate::requested_points")]
    pub max_points: u32,
}

/// Rate, errors and durations of one service over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ServiceDetail {
    /// The figures of the whole range.
    pub summary: ServiceSummary,
    /// Length of a step, in nanoseconds.
    pub step: i64,
    /// Starts of the steps that have requests, ascending.
    pub times: Vec<Timestamp>,
    /// Requests per second.
    pub rate: Vec<f64>,
    /// Failed requests per second.
    pub errors: Vec<f64>,
    /// Median duration in nanoseconds.
    pub p50: Vec<f64>,
    /// 95th percentile.
    pub p95: Vec<f64>,
    /// 99th percentile.
    pub p99: Vec<f64>,
    /// Its operations, busiest first, at most 200.
    pub operations: Vec<OperationSummary>,
    /// Gaps in the observation.
    pub gaps: Vec<Gap>,
}

/// One operation of a service in figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct OperationSummary {
    /// Name.
    pub name: String,
    /// Requests per second.
    pub rate: f64,
    /// Share that failed, 0 to 1.
    pub error_ratio: f64,
    /// Median duration in nanoseconds.
    pub p50: i64,
    /// 95th percentile.
    pub p95: i64,
    /// 99th percentile.
    pub p99: i64,
}
