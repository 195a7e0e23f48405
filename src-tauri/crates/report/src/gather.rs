//! Reads what a report tells from the store.

use std::collections::BTreeMap;

use model::{
    Aggregation, Filter, NANOS_PER_SECOND, ReportRequest, SeriesRequest, ServiceDetail, ServiceRequest,
    ServiceSummary, ServicesRequest, Severity, TimeRange, Timestamp,
};
use store::Store;

use crate::{CHART_POINTS, CheckContents, Contents, ReportError, ServiceContents, Vital};

/// At most this many services are drawn one by one; the table holds all.
const MOST_DRAWN: usize = 20;
/// Durations compared a side.
const MOST_DURATIONS: u32 = 5_000;
const TIMELINE_CELLS: u32 = 60;
const MOST_TRANSITIONS: u32 = 5_000;
const MOST_INCIDENTS: u32 = 100;

/// Metric, title, label that tells lines apart, aggregation.
const VITALS: [(&str, &str, &str, Aggregation); 3] = [
    ("system.cpu.utilization", "CPU", "", Aggregation::Average),
    ("system.memory.utilization", "Memory", "", Aggregation::Average),
    ("system.filesystem.utilization", "Disks", "system.filesystem.mountpoint", Aggregation::Maximum),
];

/// Reads and reckons all that the report tells.
pub(crate) async fn gather(
    store: &Store,
    request: &ReportRequest,
    now: Timestamp,
) -> Result<Contents, ReportError> {
    let range = request.range;
    if range.length() == 0 {
        return Err(ReportError::EmptyRange);
    }
    let before = TimeRange::new(range.start.offset(-range.length()), range.start);
    let (services, silent_services) = services(store, request, before).await?;
    let transitions = store.transitions(range, MOST_TRANSITIONS).await?;
    Ok(Contents {
        request: request.clone(),
        made_at: now,
        before,
        services,
        silent_services,
        checks: checks(store, range).await?,
        transitions,
        vitals: vitals(store, range).await?,
        logs: logs(store, request).await?,
        gaps: store.gaps(range).await?,
        first_ran: store.first_heartbeat().await?,
    })
}

async fn services(
    store: &Store,
    request: &ReportRequest,
    before: TimeRange,
) -> Result<(Vec<ServiceContents>, Vec<String>), ReportError> {
    let in_range = |range| ServicesRequest { range, matchers: Vec::new(), spark_points: 1 };
    let mut summaries = store.services(&in_range(request.range)).await?;
    summaries.retain(|summary| request.services.is_empty() || request.services.contains(&summary.service));
    summaries.sort_by(|left, right| {
        (right.state.cmp(&left.state))
            .then(right.rate.total_cmp(&left.rate))
            .then(left.service.cmp(&right.service))
    });
    let earlier: BTreeMap<String, ServiceSummary> = store
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
        let contents = match index < MOST_DRAWN {
            true => drawn(store, request.range, before, summary, before_summary).await?,
            false => ServiceContents {
                summary,
                before: before_summary,
                detail: None,
                comparison: None,
                trend: None,
                band: None,
            },
        };
        services.push(contents);
    }
    Ok((services, silent))
}

async fn drawn(
    store: &Store,
    range: TimeRange,
    before: TimeRange,
    summary: ServiceSummary,
    before_summary: Option<ServiceSummary>,
) -> Result<ServiceContents, ReportError> {
    let service = summary.service.clone();
    let asked = ServiceRequest { service: service.clone(), operation: None, range, max_points: CHART_POINTS };
    let detail = store.service_detail(&asked).await?;
    let durations = store.request_durations(&service, range, MOST_DURATIONS).await?;
    let durations_before = store.request_durations(&service, before, MOST_DURATIONS).await?;
    let reckoned = tokio::task::spawn_blocking(move || {
        let comparison = analysis::compare(&durations_before, &durations, before, range);
        let (trend, band) = detail.as_ref().map_or((None, None), duration_over_time);
        ServiceContents { summary, before: before_summary, detail, comparison: Some(comparison), trend, band }
    });
    reckoned.await.map_err(|_| ReportError::Interrupted)
}

fn duration_over_time(detail: &ServiceDetail) -> (Option<model::Trend>, Option<model::AnomalyBand>) {
    let values: Vec<Option<f64>> = detail.p95.iter().copied().map(Some).collect();
    (
        analysis::trend(&detail.times, &detail.p95, 0.95, "ns"),
        Some(analysis::anomaly_band(&detail.times, &values, detail.step)),
    )
}

async fn checks(store: &Store, range: TimeRange) -> Result<Vec<CheckContents>, ReportError> {
    let mut checks = Vec::new();
    for check in store.checks().await? {
        let (uptime, median_duration) = store.check_statistics(&check.id, range).await?;
        let timeline = store.check_timeline(&check.id, range, TIMELINE_CELLS).await?;
        let incidents = store.incidents(range, Some(&check.id), MOST_INCIDENTS).await?;
        checks.push(CheckContents { check, uptime, median_duration, timeline, incidents });
    }
    checks.sort_by(|left, right| {
        let worth = |contents: &CheckContents| contents.uptime.unwrap_or(2.0);
        worth(left).total_cmp(&worth(right)).then_with(|| left.check.name.cmp(&right.check.name))
    });
    Ok(checks)
}

async fn vitals(store: &Store, range: TimeRange) -> Result<Vec<Vital>, ReportError> {
    let mut vitals = Vec::new();
    for (metric, title, label, aggregation) in VITALS {
        let group_by = if label.is_empty() { Vec::new() } else { vec![label.to_owned()] };
        let asked = SeriesRequest {
            metric: metric.to_owned(),
            matchers: Vec::new(),
            aggregation,
            group_by,
            range,
            step: Some(range.step_for(CHART_POINTS).max(5 * NANOS_PER_SECOND)),
            max_points: CHART_POINTS,
            limit: 4,
        };
        let answer = query::series(store, &asked).await?;
        if answer.series.iter().any(|series| !series.values.is_empty()) {
            vitals.push(Vital { title: title.to_owned(), label: label.to_owned(), answer });
        }
    }
    Ok(vitals)
}

async fn logs(store: &Store, request: &ReportRequest) -> Result<Vec<(String, u64, u64)>, ReportError> {
    let errors = Filter::SeverityAtLeast { severity: Severity::ERROR };
    let errors: BTreeMap<String, u64> =
        store.count_logs_by_service(&errors, request.range).await?.into_iter().collect();
    let all = store.count_logs_by_service(&Filter::everything(), request.range).await?;
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
