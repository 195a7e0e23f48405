//! Questions about services, answered from their spans.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{Gap, HealthState, TagMatcher, TimeRange, Timestamp};

/// Which services, and how are they?
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ServicesRequest {
    /// From when to when.
    pub range: TimeRange,
    /// The filters at the top of the console.
    pub matchers: Vec<TagMatcher>,
    /// How many points the sparklines have.
    pub spark_points: u32,
}

/// One service in figures. Requests are its server and consumer spans, or its root spans if it has none of those.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct ServiceSummary {
    /// Name.
    pub service: String,
    /// Its state: from its errors, its alerts and its checks.
    pub state: HealthState,
    /// Why it is not healthy, may be empty.
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
    /// 95th percentile of the duration over the range, in nanoseconds; null where there were no requests.
    pub spark: Vec<Option<f64>>,
    /// When it was last heard of.
    pub last_seen: Timestamp,
}

/// How did one service fare over time?
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ServiceRequest {
    /// The service.
    pub service: String,
    /// One operation only.
    pub operation: Option<String>,
    /// From when to when.
    pub range: TimeRange,
    /// At most this many steps.
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
    /// When Binnacle could not observe.
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
