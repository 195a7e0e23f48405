//! The data of a report before it is rendered.

use model::{
    AlertTransition, AnomalyBand, Comparison, Gap, HealthCheck, Incident, ReportRequest, SeriesResponse,
    ServiceDetail, ServiceSummary, TimeRange, TimelineBucket, Timestamp, Trend,
};

/// The data of a report.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportData {
    /// The request.
    pub request: ReportRequest,
    /// The creation time of the report.
    pub created_at: Timestamp,
    /// The preceding range of equal length, which is compared.
    pub before: TimeRange,
    /// The services, worst and busiest first.
    pub services: Vec<ServiceReport>,
    /// Requested services that sent nothing in the range.
    pub silent_services: Vec<String>,
    /// The health checks.
    pub checks: Vec<CheckReport>,
    /// State transitions of alerts in the range, newest first.
    pub transitions: Vec<AlertTransition>,
    /// Metrics of the host.
    pub host_metrics: Vec<HostMetric>,
    /// Name of each service, its log records of severity error and above, and all its log records.
    pub logs: Vec<(String, u64, u64)>,
    /// The times without observation since Binnacle was first started.
    pub gaps: Vec<Gap>,
    /// The time of Binnacle's first start, if known. Earlier data was sent or imported later.
    pub first_ran: Option<Timestamp>,
}

impl ReportData {
    /// Returns the time of Binnacle's first start, if it is after the start of the range.
    pub(crate) fn first_ran_within(&self) -> Option<Timestamp> {
        self.first_ran.filter(|first| *first > self.request.range.start)
    }
}

/// The data of one service.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceReport {
    /// Its measures in the range.
    pub summary: ServiceSummary,
    /// Its measures in the preceding range; none if it sent nothing.
    pub before: Option<ServiceSummary>,
    /// Its measures over time; none for services without charts.
    pub detail: Option<ServiceDetail>,
    /// The comparison of its durations with those of the preceding range.
    pub comparison: Option<Comparison>,
    /// The trend of its 95th percentile.
    pub trend: Option<Trend>,
    /// The expected band of its 95th percentile.
    pub band: Option<AnomalyBand>,
}

/// The data of one health check.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckReport {
    /// The check.
    pub check: HealthCheck,
    /// Its target for people.
    pub target: String,
    /// Fraction of the observed time in which it was not unhealthy, 0 to 1.
    pub uptime: Option<f64>,
    /// Median duration in nanoseconds.
    pub median_duration: Option<i64>,
    /// The buckets of its timeline, oldest first.
    pub timeline: Vec<TimelineBucket>,
    /// Its incidents in the range, newest first.
    pub incidents: Vec<Incident>,
}

/// A metric of the host over time.
#[derive(Debug, Clone, PartialEq)]
pub struct HostMetric {
    /// The title, such as `CPU`.
    pub title: String,
    /// The label that distinguishes its lines; empty for one line.
    pub label: String,
    /// The values.
    pub answer: SeriesResponse,
}
