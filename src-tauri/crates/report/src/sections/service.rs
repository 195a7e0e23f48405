//! The section about one service: its charts, comparison, trend, anomalies and operations.

use analysis::figures::format;
use model::{OperationSummary, ServiceDetail, Timestamp};

use crate::{
    ReportData, ServiceReport,
    charts::{Chart, Line, draw},
    markup::{escape, shortened, state, table},
    time_format::Zone,
};

const MAX_OPERATIONS: usize = 6;
const MAX_ANOMALIES: usize = 8;

/// Renders one service; empty for a service without charts.
pub(crate) fn service(data: &ReportData, service: &ServiceReport) -> String {
    let Some(detail) = &service.detail else { return String::new() };
    let zone = Zone::minutes_east(data.request.utc_offset_minutes);
    let name = &service.summary.service;
    let reason = match service.summary.reason.as_str() {
        "" => String::new(),
        reason => format!(r#"<span class="muted">{}</span>"#, shortened(reason, 200)),
    };
    format!(
        r#"<section class="panel service"><header><h2 class="name">{}</h2>{}{reason}</header><div class="body">{}{}<div class="pair">{}{}</div><div class="pair">{}{}</div></div></section>"#,
        shortened(name, 120),
        state(service.summary.state),
        facts(service, zone),
        draw(&durations(data, service, detail)),
        draw(&rate(data, detail)),
        draw(&errors(data, detail)),
        operations("Busiest operations", detail, |left, right| right.rate.total_cmp(&left.rate)),
        operations("Slowest operations, by p95", detail, |left, right| right.p95.cmp(&left.p95)),
    )
}

/// Renders comparison, trend and anomalies.
fn facts(service: &ServiceReport, zone: Zone) -> String {
    let mut facts = Vec::new();
    if let Some(comparison) = &service.comparison {
        facts.push(("Comparison", escape(&comparison.summary)));
    }
    facts.push((
        "Trend of p95",
        service.trend.as_ref().map_or_else(|| "not enough data".to_owned(), |trend| escape(&trend.summary)),
    ));
    let anomalies = service.band.as_ref().map_or(&[][..], |band| &band.anomalies);
    let text = match (&service.band, anomalies) {
        (Some(band), []) if band.expected.iter().all(Option::is_none) => "not enough data".to_owned(),
        (None, _) => "not enough data".to_owned(),
        (_, []) => "No anomalies in this range.".to_owned(),
        (_, some) => {
            let mut items: Vec<String> = some
                .iter()
                .take(MAX_ANOMALIES)
                .map(|anomaly| {
                    format!(
                        "<li>{}: p95 peaked at {} (expected {})</li>",
                        escape(&zone.range(anomaly.range)),
                        escape(&format(anomaly.extreme, "ns")),
                        escape(&format(anomaly.expected.max(0.0), "ns"))
                    )
                })
                .collect();
            if some.len() > MAX_ANOMALIES {
                items.push(format!("<li>and {} weaker anomalies</li>", some.len() - MAX_ANOMALIES));
            }
            format!("<ul>{}</ul>", items.concat())
        }
    };
    facts.push(("Anomalies", text));
    let rows: String = facts.iter().map(|(term, fact)| format!("<dt>{term}</dt><dd>{fact}</dd>")).collect();
    format!("<dl>{rows}</dl>")
}

/// Returns a chart of the service without lines.
fn empty_chart(data: &ReportData, detail: &ServiceDetail, title: &str, unit: &str, wide: bool) -> Chart {
    Chart {
        title: title.to_owned(),
        unit: unit.to_owned(),
        lines: Vec::new(),
        range: data.request.range,
        step: detail.step,
        gaps: detail.gaps.clone(),
        marks: Vec::new(),
        top: None,
        width: if wide { 980.0 } else { 482.0 },
        height: if wide { 190.0 } else { 140.0 },
        utc_offset_minutes: data.request.utc_offset_minutes,
    }
}

fn line(label: &str, colour: u8, times: &[Timestamp], values: impl Iterator<Item = f64>) -> Line {
    Line { label: label.to_owned(), colour, points: times.iter().copied().zip(values).collect() }
}

fn durations(data: &ReportData, service: &ServiceReport, detail: &ServiceDetail) -> Chart {
    Chart {
        lines: vec![
            line("p50", 1, &detail.times, detail.p50.iter().copied()),
            line("p95", 2, &detail.times, detail.p95.iter().copied()),
            line("p99", 4, &detail.times, detail.p99.iter().copied()),
        ],
        marks: service.band.iter().flat_map(|band| &band.anomalies).map(|anomaly| anomaly.range).collect(),
        ..empty_chart(data, detail, "Duration", "ns", true)
    }
}

fn rate(data: &ReportData, detail: &ServiceDetail) -> Chart {
    Chart {
        lines: vec![line("", 1, &detail.times, detail.rate.iter().copied())],
        ..empty_chart(data, detail, "Requests per second", "1/s", false)
    }
}

fn errors(data: &ReportData, detail: &ServiceDetail) -> Chart {
    let ratios: Vec<f64> = detail
        .errors
        .iter()
        .zip(&detail.rate)
        .map(|(errors, rate)| if *rate > 0.0 { errors / rate } else { 0.0 })
        .collect();
    let highest = ratios.iter().copied().fold(0.0, f64::max);
    Chart {
        lines: vec![line("", 7, &detail.times, ratios.into_iter())],
        // The axis of a service without errors ends at 1%, so that small ratios look small.
        top: (highest < 0.01).then_some(0.01),
        ..empty_chart(data, detail, "Error ratio", "1", false)
    }
}

/// Renders a table of the first operations in an order.
fn operations(
    title: &str,
    detail: &ServiceDetail,
    order: fn(&OperationSummary, &OperationSummary) -> std::cmp::Ordering,
) -> String {
    let mut operations: Vec<&OperationSummary> = detail.operations.iter().collect();
    operations.sort_by(|left, right| order(left, right).then(left.name.cmp(&right.name)));
    let rows: Vec<Vec<String>> = operations
        .iter()
        .take(MAX_OPERATIONS)
        .map(|operation| {
            vec![
                format!(r#"<span class="mono">{}</span>"#, shortened(&operation.name, 60)),
                escape(&format(operation.rate, "1/s")),
                escape(&format(operation.error_ratio, "1")),
                escape(&format(operation.p50 as f64, "ns")),
                escape(&format(operation.p95 as f64, "ns")),
            ]
        })
        .collect();
    format!(
        r#"<div class="operations"><h3>{title}</h3>{}</div>"#,
        table(&["Operation", "Rate#", "Errors#", "p50#", "p95#"], &rows)
    )
}
