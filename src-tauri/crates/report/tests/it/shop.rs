//! The data of a shop of services over six hours, one of which has a fault.

use std::collections::BTreeMap;

use model::*;
use report::{CheckReport, HostMetric, ReportData, ServiceReport};

const STEP: i64 = 120 * NANOS_PER_SECOND;
const STEPS: i64 = 180;

/// Returns pseudo-random numbers between 0 and 1 that depend only on the arguments.
fn noise(seed: u64, index: i64) -> f64 {
    let mixed = (seed * 1_000_003 + index as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 40) as f64 / (1_u64 << 24) as f64
}

/// Returns report data as `load` would.
pub(crate) fn data() -> ReportData {
    let end = Timestamp::from_seconds(1_795_356_000.0);
    let range = TimeRange::new(end.offset(-STEP * STEPS), end);
    let before = TimeRange::new(range.start.offset(-range.length()), range.start);
    let at = |step: i64| range.start.offset(step * STEP);
    let gaps = vec![Gap { range: TimeRange::new(at(58), at(71)), reason: GapReason::Asleep }];
    let services = [
        ("checkout", HealthState::Unhealthy, 142.0, 182e6, 9.0),
        ("orders-db", HealthState::Healthy, 910.0, 6e6, 1.0),
        ("gateway", HealthState::Healthy, 318.0, 61e6, 1.6),
        ("catalog", HealthState::Healthy, 204.0, 17e6, 1.0),
    ]
    .into_iter()
    .enumerate()
    .map(|(index, (name, state, rate, median, fault))| {
        service(index as u64, name, state, rate, median, fault, range, before, &gaps)
    })
    .collect();
    let fired = |step, from, to, value| AlertTransition {
        time: at(step),
        fingerprint: "f1".into(),
        rule_id: "r1".into(),
        rule_name: "Checkout p95 above 800 ms".into(),
        labels: BTreeMap::from([("service".to_owned(), "checkout".to_owned())]),
        from,
        to,
        value: Some(value),
        reason: "above the threshold for 5 min".into(),
    };
    let transitions = vec![
        fired(150, AlertState::Firing, AlertState::Inactive, 0.2),
        fired(128, AlertState::Pending, AlertState::Firing, 1.42),
    ];
    let host_metrics = [("CPU", 0.23), ("Memory", 0.52)]
        .into_iter()
        .enumerate()
        .map(|(index, (title, level))| HostMetric {
            title: title.to_owned(),
            label: String::new(),
            answer: SeriesResponse {
                unit: "1".into(),
                step: STEP,
                series: vec![SeriesPoints {
                    labels: Labels::new(),
                    times: (0..STEPS).filter(|step| !(58..71).contains(step)).map(at).collect(),
                    values: (0..STEPS)
                        .filter(|step| !(58..71).contains(step))
                        .map(|step| level + 0.15 * noise(90 + index as u64, step))
                        .collect(),
                }],
                total_series: 1,
                gaps: gaps.clone(),
            },
        })
        .collect();
    ReportData {
        request: ReportRequest {
            title: "Shop, Sunday afternoon".into(),
            range,
            services: Vec::new(),
            utc_offset_minutes: 120,
        },
        created_at: end.offset(90 * NANOS_PER_SECOND),
        before,
        services,
        silent_services: Vec::new(),
        checks: checks(range, at),
        transitions,
        host_metrics,
        logs: vec![
            ("checkout".into(), 1_412, 18_302),
            ("gateway".into(), 12, 40_112),
            ("catalog".into(), 0, 9_004),
        ],
        gaps,
        first_ran: None,
    }
}

#[allow(clippy::too_many_arguments)]
fn service(
    seed: u64,
    name: &str,
    state: HealthState,
    rate: f64,
    median: f64,
    fault: f64,
    range: TimeRange,
    before: TimeRange,
    gaps: &[Gap],
) -> ServiceReport {
    let steps: Vec<i64> = (0..STEPS).filter(|step| !(58..71).contains(step)).collect();
    let times: Vec<Timestamp> = steps.iter().map(|step| range.start.offset(step * STEP)).collect();
    let slow = |step: i64| if (126..148).contains(&step) { fault } else { 1.0 };
    let p50: Vec<f64> =
        steps.iter().map(|s| median * (0.9 + 0.2 * noise(seed, *s)) * slow(*s).sqrt()).collect();
    let p95: Vec<f64> =
        steps.iter().map(|s| median * (2.0 + 0.5 * noise(seed + 10, *s)) * slow(*s)).collect();
    let p99: Vec<f64> =
        steps.iter().map(|s| median * (3.1 + 1.2 * noise(seed + 20, *s)) * slow(*s)).collect();
    let rates: Vec<f64> = steps.iter().map(|s| rate * (0.85 + 0.3 * noise(seed + 30, *s))).collect();
    let errors: Vec<f64> = steps
        .iter()
        .zip(&rates)
        .map(|(s, rate)| rate * (0.002 * noise(seed + 40, *s) + if slow(*s) > 4.0 { 0.09 } else { 0.0 }))
        .collect();
    let summary = |factor: f64, error_ratio: f64, state| ServiceSummary {
        service: name.to_owned(),
        state,
        reason: if state == HealthState::Unhealthy {
            "2.4% of requests failed".into()
        } else {
            String::new()
        },
        rate: rate * factor,
        error_ratio,
        p50: Some((median * factor) as i64),
        p95: Some((median * 2.3 * factor) as i64),
        p99: Some((median * 3.9 * factor) as i64),
        spark: Vec::new(),
        last_seen: range.end,
    };
    let operations =
        ["POST /checkout", "GET /cart/{id}", "GET /health", "POST /payments/authorize", "job: expire carts"]
            .iter()
            .enumerate()
            .map(|(index, operation)| OperationSummary {
                name: (*operation).to_owned(),
                rate: rate / (index + 2) as f64,
                error_ratio: 0.003 * index as f64,
                p50: (median * (1.0 + index as f64 * 0.3)) as i64,
                p95: (median * 2.0 * (1.0 + index as f64 * 0.3)) as i64,
                p99: (median * 3.0 * (1.0 + index as f64 * 0.3)) as i64,
            })
            .collect();
    let durations = |seed: u64, factor: f64| -> Vec<f64> {
        (0..2_000).map(|index| median * factor * (0.4 + 1.2 * noise(seed, index))).collect()
    };
    let after = if fault > 1.0 { 1.0 + fault / 30.0 } else { 1.0 };
    let values: Vec<Option<f64>> = p95.iter().copied().map(Some).collect();
    ServiceReport {
        summary: summary(1.0, if fault > 4.0 { 0.024 } else { 0.001 }, state),
        before: Some(summary(1.0 / after, 0.001, HealthState::Healthy)),
        // The summaries of `analysis` are fixed, because its own tests cover them.
        comparison: Some(Comparison {
            summary: "(summary of the comparison)".into(),
            ..analysis::compare(&durations(seed + 50, 1.0), &durations(seed + 60, after), before, range)
        }),
        trend: analysis::trend(&times, &p95, 0.95, "ns")
            .map(|trend| Trend { summary: "(summary of the trend)".into(), ..trend }),
        band: Some(analysis::anomaly_band(&times, &values, STEP)),
        detail: Some(ServiceDetail {
            summary: summary(1.0, 0.001, state),
            step: STEP,
            times,
            rate: rates,
            errors,
            p50,
            p95,
            p99,
            operations,
            gaps: gaps.to_vec(),
        }),
    }
}

fn checks(range: TimeRange, at: impl Fn(i64) -> Timestamp) -> Vec<CheckReport> {
    let check =
        |name: &str| HealthCheck { id: name.to_owned(), ..HealthCheck::new(name, CheckKind::default()) };
    let timeline = |bad: std::ops::Range<i64>| {
        (0..60)
            .map(|cell| TimelineBucket {
                range: TimeRange::new(at(cell * 3), at(cell * 3 + 3)),
                state: match cell {
                    20..=23 => HealthState::Unknown,
                    cell if bad.contains(&cell) => HealthState::Unhealthy,
                    cell if cell == bad.end => HealthState::Degraded,
                    _ => HealthState::Healthy,
                },
                results: 12,
                message: String::new(),
            })
            .collect()
    };
    let incident = Incident {
        id: "i1".into(),
        check_id: "shop".into(),
        started: at(126),
        ended: Some(at(148)),
        worst: HealthState::Unhealthy,
        message: "503 Service Unavailable after 3 attempts".into(),
    };
    let _ = range;
    vec![
        CheckReport {
            check: check("shop"),
            target: "https://shop.local/health".into(),
            uptime: Some(0.8783),
            median_duration: Some(84_000_000),
            timeline: timeline(42..49),
            incidents: vec![incident],
        },
        CheckReport {
            check: check("sessions-redis"),
            target: "localhost:6379/0".into(),
            uptime: Some(1.0),
            median_duration: Some(800_000),
            timeline: timeline(99..100),
            incidents: Vec::new(),
        },
    ]
}
