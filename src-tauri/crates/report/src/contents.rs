//! Everything a report tells, read and reckoned, before it is drawn.

use model::{
    AlertTransition, AnomalyBand, Comparison, Gap, HealthCheck, Incident, ReportRequest, SeriesResponse,
    ServiceDetail, ServiceSummary, TimeRange, TimelineBucket, Timestamp, Trend,
};

/// All that a report tells.
#[derive(Debug, Clone, PartialEq)]
pub struct Contents {
    /// The question.
    pub request: ReportRequest,
    /// When the report was made.
    pub made_at: Timestamp,
    /// The stretch of equal length just before, to compare with.
    pub before: TimeRange,
    /// The services, worst and busiest first.
    pub services: Vec<ServiceContents>,
    /// Services asked for that were not heard of in the range.
    pub silent_services: Vec<String>,
    /// The health checks.
    pub checks: Vec<CheckContents>,
    /// Changes of alerts in the range, newest first.
    pub transitions: Vec<AlertTransition>,
    /// Machine figures.
    pub vitals: Vec<Vital>,
    /// Per service: its name, its log records of severity error and worse, and all its log records.
    pub logs: Vec<(String, u64, u64)>,
    /// When Binnacle could not observe although it had been started before.
    pub gaps: Vec<Gap>,
    /// When Binnacle first ran; none if that is not known. What is told of earlier times was sent or imported later.
    pub first_ran: Option<Timestamp>,
}

impl Contents {
    /// When Binnacle first ran, if parts of the range lie before.
    pub(crate) fn first_ran_within(&self) -> Option<Timestamp> {
        self.first_ran.filter(|first| *first > self.request.range.start)
    }
}

/// What a report tells of one service.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceContents {
    /// Its figures in the range.
    pub summary: ServiceSummary,
    /// Its figures in the stretch before; none if it was not heard of.
    pub before: Option<ServiceSummary>,
    /// Its figures over time; none beyond the number of services drawn.
    pub detail: Option<ServiceDetail>,
    /// Durations of its requests against those of the stretch before.
    pub comparison: Option<Comparison>,
    /// The trend of its 95th percentile.
    pub trend: Option<Trend>,
    /// The expected band of its 95th percentile.
    pub band: Option<AnomalyBand>,
}

/// What a report tells of one health check.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckContents {
    /// The check.
    pub check: HealthCheck,
    /// Share of observed time in which it was not unhealthy, 0 to 1.
    pub uptime: Option<f64>,
    /// Median duration in nanoseconds.
    pub median_duration: Option<i64>,
    /// The range in cells, oldest first.
    pub timeline: Vec<TimelineBucket>,
    /// Its incidents in the range, newest first.
    pub incidents: Vec<Incident>,
}

/// A figure of the machine over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Vital {
    /// For people, such as `CPU`.
    pub title: String,
    /// The label that tells its lines apart, empty for one line.
    pub label: String,
    /// The values.
    pub answer: SeriesResponse,
}
