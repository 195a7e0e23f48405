//! The series of Sentry's responses.

use std::{collections::HashMap, sync::Arc};

use model::{Attributes, MetricKind, Resource, Sample, Series, TelemetryBatch, Temporality, Timestamp};

use super::window::Window;

/// Name, unit and description of a metric.
#[derive(Debug)]
pub(crate) struct Metric {
    pub(crate) name: &'static str,
    unit: &'static str,
    description: &'static str,
    counts: bool,
}

const fn count(name: &'static str, unit: &'static str, description: &'static str) -> Metric {
    Metric { name, unit, description, counts: true }
}

const fn gauge(name: &'static str, unit: &'static str, description: &'static str) -> Metric {
    Metric { name, unit, description, counts: false }
}

pub(crate) const ERRORS: Metric =
    count("sentry_errors_total", "{event}", "Error events that Sentry stored, by level");
pub(crate) const TRANSACTIONS: Metric =
    count("sentry_transactions_total", "{transaction}", "Transactions that Sentry stored");
pub(crate) const TRANSACTION_DURATION: Metric =
    gauge("sentry_transaction_duration_seconds", "s", "Quantiles of the duration of transactions");
pub(crate) const TRANSACTION_DURATION_AVERAGE: Metric =
    gauge("sentry_transaction_duration_average_seconds", "s", "Average duration of transactions");
pub(crate) const OUTCOMES: Metric =
    count("sentry_outcomes_total", "{event}", "Events sent to Sentry, by category and outcome");
pub(crate) const OUTCOME_BYTES: Metric =
    count("sentry_outcome_bytes_total", "By", "Bytes sent to Sentry, by category and outcome");
pub(crate) const OUTCOME_SECONDS: Metric =
    count("sentry_outcome_seconds_total", "s", "Time sent to Sentry, by category and outcome");
pub(crate) const SESSIONS: Metric = count("sentry_sessions_total", "{session}", "Sessions by status");
pub(crate) const SESSION_USERS: Metric =
    gauge("sentry_session_users", "{user}", "Users with sessions within the hour, by session status");
pub(crate) const CRASH_FREE_SESSIONS: Metric =
    gauge("sentry_crash_free_sessions_ratio", "1", "Share of sessions within the hour that did not crash");
pub(crate) const CRASH_FREE_USERS: Metric =
    gauge("sentry_crash_free_users_ratio", "1", "Share of users within the hour without a crash");
pub(crate) const RELEASE_SESSIONS: Metric =
    count("sentry_release_sessions_total", "{session}", "Sessions by release");
pub(crate) const RELEASE_USERS: Metric =
    gauge("sentry_release_users", "{user}", "Users with sessions within the hour, by release");
pub(crate) const RELEASE_CRASH_FREE_SESSIONS: Metric = gauge(
    "sentry_release_crash_free_sessions_ratio",
    "1",
    "Share of sessions of the release within the hour that did not crash",
);
pub(crate) const RELEASE_CRASH_FREE_USERS: Metric = gauge(
    "sentry_release_crash_free_users_ratio",
    "1",
    "Share of users of the release within the hour without a crash",
);
pub(crate) const ISSUES: Metric = gauge("sentry_issues", "{issue}", "Unresolved issues, by level");
pub(crate) const MONITOR_UP: Metric = gauge(
    "sentry_monitor_up",
    "1",
    "1 for a healthy cron monitor, 0 for one that failed, was missed or timed out",
);
pub(crate) const MONITOR_MUTED: Metric = gauge("sentry_monitor_muted", "1", "1 for a muted cron monitor");
pub(crate) const MONITOR_LAST_CHECK_IN: Metric = gauge(
    "sentry_monitor_last_check_in_timestamp_seconds",
    "s",
    "Time of the last check-in of a cron monitor, in seconds since 1970",
);
pub(crate) const MONITOR_OVERDUE: Metric = gauge(
    "sentry_monitor_overdue_seconds",
    "s",
    "Delay of the next check-in beyond its margin; 0 while it is not overdue",
);
pub(crate) const SOURCE_UP: Metric =
    gauge("sentry_source_up", "1", "1 if the Sentry installation answers and accepts the token");
pub(crate) const REQUESTS: Metric = Metric {
    name: "sentry_api_requests_total",
    unit: "{request}",
    description: "Requests Binnacle made to the Sentry installation, by endpoint and status",
    counts: true,
};

/// MetricsBatch of one organization on their variant to the store.
pub(crate) struct MetricsBatch<'a> {
    source: &'a str,
    organization: &'a str,
    resources: HashMap<String, Arc<Resource>>,
    batch: TelemetryBatch,
}

impl<'a> MetricsBatch<'a> {
    /// Creates an empty batch of an organization.
    pub(crate) fn new(source: &'a str, organization: &'a str) -> Self {
        Self { source, organization, resources: HashMap::new(), batch: TelemetryBatch::default() }
    }

    /// Adds a value of `project` in a time window.
    pub(crate) fn within(
        &mut self,
        window: Window,
        metric: &Metric,
        project: &str,
        tags: &[(&str, &str)],
        value: f64,
    ) {
        let start = metric.counts.then_some(window.start);
        self.add(metric, project, tags, window.timestamp(), start, value);
    }

    /// Adds a value of `project` at a time.
    pub(crate) fn at(
        &mut self,
        time: Timestamp,
        metric: &Metric,
        project: &str,
        tags: &[(&str, &str)],
        value: f64,
    ) {
        self.add(metric, project, tags, time, None, value);
    }

    fn add(
        &mut self,
        metric: &Metric,
        project: &str,
        tags: &[(&str, &str)],
        time: Timestamp,
        start_time: Option<Timestamp>,
        value: f64,
    ) {
        let resource = self.resources.entry(project.to_owned()).or_insert_with(|| {
            Arc::new(Resource {
                attributes: Attributes::new()
                    .with("service.name", project)
                    .with("service.namespace", self.organization)
                    .with("sentry.source", self.source),
            })
        });
        let mut attributes: Attributes = tags.iter().copied().collect();
        attributes = attributes.with("organization", self.organization).with("project", project);
        let series = series(metric, resource.clone(), attributes, Temporality::Delta);
        let series = self.batch.add_series(series);
        self.batch.samples.push(Sample { series, time, start_time, value });
    }

    /// Returns the batch.
    pub(crate) fn into_batch(self) -> TelemetryBatch {
        self.batch
    }
}

/// Returns a series of `metric`; `temporality` applies to counters.
pub(crate) fn series(
    metric: &Metric,
    resource: Arc<Resource>,
    attributes: Attributes,
    temporality: Temporality,
) -> Series {
    let mut series = Series::gauge(metric.name, metric.unit, resource, attributes);
    metric.description.clone_into(&mut series.description);
    if metric.counts {
        (series.kind, series.temporality, series.monotonic) = (MetricKind::Counter, temporality, true);
    }
    series
}
