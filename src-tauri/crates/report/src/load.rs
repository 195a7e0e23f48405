//! Loading of a report's data from the store.

use std::collections::BTreeMap;

use model::{
    Aggregation, Filter, NANOS_PER_SECOND, ReportRequest, SeriesRequest, ServiceDetail, ServiceRequest,
    ServiceSummary, ServicesRequest, Severity, TimeRange, Timestamp,
};
use store::{Snapshot, Store};

use crate::{CheckReport, HostMetric, ReportData, ReportError, ServiceReport};

/// Maximum number of steps of a chart, and of the exported data.
pub(crate) const CHART_POINTS: u32 = 240;
/// Maximum number of services with charts. The table has all.
const MAX_CHARTED: usize = 20;
/// Maximum number of durations that are compared, in each of the two ranges.
const MAX_DURATIONS: u32 = 5_000;
const TIMELINE_BUCKETS: u32 = 60;
const MAX_TRANSITIONS: u32 = 5_000;
const MAX_INCIDENTS: u32 = 100;

/// The host metrics: name, title, label that distinguishes the lines, aggregation.
const HOST_METRICS: [(&str, &str, &str, Aggregation); 3] = [
    ("system.cpu.utilization", "CPU", "", Aggregation::Average),
    ("system.memory.utilization", "Memory", "", Aggregation::Average),
    ("system.filesystem.utilization", "Disks", "system.filesystem.mountpoint", Aggregation::Maximum),
];

/// Loads the data of a report.
pub(crate) async fn load(
    store: &Store,
    request: &ReportRequest,
    now: Timestamp,
) -> Result<ReportData, ReportError> {
    let range = request.range;
    if range.length() == 0 {
        return Err(ReportError::EmptyRange);
    }
    let before = TimeRange::new(range.start.offset(-range.length()), range.start);
    let snapshot = store.snapshot(TimeRange::new(before.start, range.end)).await?;
    let (services, silent_services) = services(&snapshot, request, before).await?;
    let transitions = snapshot.history().transitions(range, MAX_TRANSITIONS).await?;
    Ok(ReportData {
        request: request.clone(),
        created_at: now,
        before,
        services,
        silent_services,
        checks: checks(&snapshot, range).await?,
        transitions,
        host_metrics: host_metrics(&snapshot, range).await?,
        logs: logs(&snapshot, request).await?,
        gaps: snapshot.history().gaps(range).await?,
        first_ran: snapshot.history().first_heartbeat().await?,
    })
}

/// Loads the services, worst and busiest first, and the requested ones without data.
async fn services(
    snapshot: &Snapshot,
    request: &ReportRequest,
    before: TimeRange,
) -> Result<(Vec<ServiceReport>, Vec<String>), ReportError> {
    let in_range = |range| ServicesRequest { range, matchers: Vec::new(), spark_points: 1 };
    let mut summaries = snapshot.traces().services(&in_range(request.range)).await?;
    summaries.retain(|summary| request.services.is_empty() || request.services.contains(&summary.service));
    summaries.sort_by(|left, right| {
        (right.state.cmp(&left.state))
            .then(right.rate.total_cmp(&left.rate))
            .then(left.service.cmp(&right.service))
    });
    let earlier: BTreeMap<String, ServiceSummary> = snapshot
        .traces()
        .services(&in_range(before))
        .await?
        .into_iter()
        .map(|summary| (summary.service.clone(), summary))
        .collect();
    let silent = request
        .services
        .iter()
        .filter(|name| summaries.iter().all(|summary| summary.service != **name))
        .cloned()
        .collect();
    let mut services = Vec::with_capacity(summaries.len());
    for (index, summary) in summaries.into_iter().enumerate() {
        let before_summary = earlier.get(&summary.service).cloned();
        let report = match index < MAX_CHARTED {
            true => charted(snapshot, request.range, before, summary, before_summary).await?,
            false => ServiceReport {
                summary,
                before: before_summary,
                detail: None,
                comparison: None,
                trend: None,
                band: None,
            },
        };
        services.push(report);
    }
    Ok((services, silent))
}

/// Loads a service with its charts and comparisons.
async fn charted(
    snapshot: &Snapshot,
    range: TimeRange,
    before: TimeRange,
    summary: ServiceSummary,
    before_summary: Option<ServiceSummary>,
) -> Result<ServiceReport, ReportError> {
    let service = summary.service.clone();
    let request =
        ServiceRequest { service: service.clone(), operation: None, range, max_points: CHART_POINTS };
    let detail = snapshot.traces().service_detail(&request).await?;
    let durations = snapshot.traces().request_durations(&service, range, MAX_DURATIONS).await?;
    let durations_before = snapshot.traces().request_durations(&service, before, MAX_DURATIONS).await?;
    let computed = tokio::task::spawn_blocking(move || {
        let comparison = analysis::compare(&durations_before, &durations, before, range);
        let (trend, band) = detail.as_ref().map_or((None, None), duration_over_time);
        ServiceReport { summary, before: before_summary, detail, comparison: Some(comparison), trend, band }
    });
    computed.await.map_err(|_| ReportError::Interrupted)
}

/// Computes the trend of p95 and its expected band.
fn duration_over_time(detail: &ServiceDetail) -> (Option<model::Trend>, Option<model::AnomalyBand>) {
    let values: Vec<Option<f64>> = detail.p95.iter().copied().map(Some).collect();
    (
        analysis::trend(&detail.times, &detail.p95, 0.95, "ns"),
        Some(analysis::anomaly_band(&detail.times, &values, detail.step)),
    )
}

async fn checks(snapshot: &Snapshot, range: TimeRange) -> Result<Vec<CheckReport>, ReportError> {
    let mut found = Vec::new();
    for check in snapshot.history().checks().await? {
        let (uptime, median_duration) = snapshot.history().check_statistics(&check.id, range).await?;
        let timeline = snapshot.history().check_timeline(&check.id, range, TIMELINE_BUCKETS).await?;
        let incidents = snapshot.history().incidents(range, Some(&check.id), MAX_INCIDENTS).await?;
        let target = checks::target(&check.kind);
        found.push(CheckReport { check, target, uptime, median_duration, timeline, incidents });
    }
    found.sort_by(|left, right| {
        // Checks without results are last.
        let rank = |report: &CheckReport| report.uptime.unwrap_or(2.0);
        rank(left).total_cmp(&rank(right)).then_with(|| left.check.name.cmp(&right.check.name))
    });
    Ok(found)
}

async fn host_metrics(snapshot: &Snapshot, range: TimeRange) -> Result<Vec<HostMetric>, ReportError> {
    let mut metrics = Vec::new();
    for (metric, title, label, aggregation) in HOST_METRICS {
        let group_by = if label.is_empty() { Vec::new() } else { vec![label.to_owned()] };
        let request = SeriesRequest {
            metric: metric.to_owned(),
            matchers: Vec::new(),
            aggregation,
            group_by,
            range,
            step: Some(range.step_for(CHART_POINTS).max(5 * NANOS_PER_SECOND)),
            max_points: CHART_POINTS,
            limit: 4,
        };
        let answer = query::series(snapshot, &request).await?;
        if answer.series.iter().any(|series| !series.values.is_empty()) {
            metrics.push(HostMetric { title: title.to_owned(), label: label.to_owned(), answer });
        }
    }
    Ok(metrics)
}

/// Counts the log records of each service: errors, and all.
async fn logs(snapshot: &Snapshot, request: &ReportRequest) -> Result<Vec<(String, u64, u64)>, ReportError> {
    let errors = Filter::SeverityAtLeast { severity: Severity::ERROR };
    let errors: BTreeMap<String, u64> =
        snapshot.logs().count_by_service(&errors, request.range).await?.into_iter().collect();
    let all = snapshot.logs().count_by_service(&Filter::everything(), request.range).await?;
    let mut logs: Vec<(String, u64, u64)> = all
        .into_iter()
        .filter(|(service, _)| request.services.is_empty() || request.services.contains(service))
        .map(|(service, all)| {
            let failed = errors.get(&service).copied().unwrap_or(0);
            (service, failed, all)
        })
        .collect();
    logs.sort_by(|left, right| right.1.cmp(&left.1).then(right.2.cmp(&left.2)).then(left.0.cmp(&right.0)));
    Ok(logs)
}
