//! One service: its charts, what moved, what was out of the ordinary, its operations.

use analysis::figures::format;
use model::{OperationSummary, ServiceDetail, Timestamp};

use crate::{
    Contents, ServiceContents,
    charts::{Chart, Line, draw},
    clock::Zone,
    markup::{brief, escape, state, table},
};

const MOST_OPERATIONS: usize = 6;
const MOST_ANOMALIES: usize = 8;

/// The part about one service; empty if the service is beyond those drawn.
pub(crate) fn service(contents: &Contents, service: &ServiceContents) -> String {
    let Some(detail) = &service.detail else { return String::new() };
    let zone = Zone::minutes_east(contents.request.utc_offset_minutes);
    let name = &service.summary.service;
    let reason = match service.summary.reason.as_str() {
        "" => String::new(),
        reason => format!(r#"<span class="muted">{}</span>"#, brief(reason, 200)),
    };
    format!(
        r#"<section class="panel service"><header><h2 class="name">{}</h2>{}{reason}</header><div class="body">{}{}<div class="pair">{}{}</div><div class="pair">{}{}</div></div></section>"#,
        brief(name, 120),
        state(service.summary.state),
        facts(service, zone),
        draw(&durations(contents, service, detail)),
        draw(&rate(contents, detail)),
        draw(&errors(contents, detail)),
        operations("Busiest operations", detail, |left, right| right.rate.total_cmp(&left.rate)),
        operations("Slowest operations, by p95", detail, |left, right| right.p95.cmp(&left.p95)),
    )
}

fn facts(service: &ServiceContents, zone: Zone) -> String {
    let mut facts = Vec::new();
    if let Some(comparison) = &service.comparison {
        facts.push(("Against before", escape(&comparison.sentence)));
    }
    facts.push((
        "Trend of p95",
        service
            .trend
            .as_ref()
            .map_or_else(|| "too few points for a trend".to_owned(), |trend| escape(&trend.sentence)),
    ));
    let anomalies = service.band.as_ref().map_or(&[][..], |band| &band.anomalies);
    let told = match (&service.band, anomalies) {
        (Some(band), []) if band.expected.iter().all(Option::is_none) => "too few points to say".to_owned(),
        (None, _) => "too few points to say".to_owned(),
        (_, []) => "p95 stayed within its expected band".to_owned(),
        (_, some) => {
            let mut items: Vec<String> = some
                .iter()
                .take(MOST_ANOMALIES)
                .map(|stretch| {
                    format!(
                        "<li>{}: p95 {} where {} was expected</li>",
                        escape(&zone.range(stretch.range)),
                        escape(&format(stretch.extreme, "ns")),
                        escape(&format(stretch.expected.max(0.0), "ns"))
                    )
                })
                .collect();
            if some.len() > MOST_ANOMALIES {
                items.push(format!("<li>and {} weaker ones</li>", some.len() - MOST_ANOMALIES));
            }
            format!("<ul>{}</ul>", items.concat())
        }
    };
    facts.push(("Out of the ordinary", told));
    let rows: String = facts.iter().map(|(term, fact)| format!("<dt>{term}</dt><dd>{fact}</dd>")).collect();
    format!("<dl>{rows}</dl>")
}

/// A chart of the service without lines.
fn empty_chart(contents: &Contents, detail: &ServiceDetail, title: &str, unit: &str, wide: bool) -> Chart {
    Chart {
        title: title.to_owned(),
        unit: unit.to_owned(),
        lines: Vec::new(),
        range: contents.request.range,
        step: detail.step,
        gaps: detail.gaps.clone(),
        marks: Vec::new(),
        top: None,
        width: if wide { 980.0 } else { 482.0 },
        height: if wide { 190.0 } else { 140.0 },
        utc_offset_minutes: contents.request.utc_offset_minutes,
    }
}

fn line(label: &str, colour: u8, times: &[Timestamp], values: impl Iterator<Item = f64>) -> Line {
    Line { label: label.to_owned(), colour, points: times.iter().copied().zip(values).collect() }
}

fn durations(contents: &Contents, service: &ServiceContents, detail: &ServiceDetail) -> Chart {
    Chart {
        lines: vec![
            line("p50", 1, &detail.times, detail.p50.iter().copied()),
            line("p95", 2, &detail.times, detail.p95.iter().copied()),
            line("p99", 4, &detail.times, detail.p99.iter().copied()),
        ],
        marks: service.band.iter().flat_map(|band| &band.anomalies).map(|stretch| stretch.range).collect(),
        ..empty_chart(contents, detail, "Duration", "ns", true)
    }
}

fn rate(contents: &Contents, detail: &ServiceDetail) -> Chart {
    Chart {
        lines: vec![line("", 1, &detail.times, detail.rate.iter().copied())],
        ..empty_chart(contents, detail, "Requests per second", "1/s", false)
    }
}

fn errors(contents: &Contents, detail: &ServiceDetail) -> Chart {
    let ratios: Vec<f64> = detail
        .errors
        .iter()
        .zip(&detail.rate)
        .map(|(errors, rate)| if *rate > 0.0 { errors / rate } else { 0.0 })
        .collect();
    let highest = ratios.iter().copied().fold(0.0, f64::max);
    Chart {
        lines: vec![line("", 7, &detail.times, ratios.into_iter())],
        // A service without errors gets an axis to 1%, so that nothing looks like something.
        top: (highest < 0.01).then_some(0.01),
        ..empty_chart(contents, detail, "Share of requests that failed", "1", false)
    }
}

fn operations(
    title: &str,
    detail: &ServiceDetail,
    order: fn(&OperationSummary, &OperationSummary) -> std::cmp::Ordering,
) -> String {
    let mut operations: Vec<&OperationSummary> = detail.operations.iter().collect();
    operations.sort_by(|left, right| order(left, right).then(left.name.cmp(&right.name)));
    let rows: Vec<Vec<String>> = operations
        .iter()
        .take(MOST_OPERATIONS)
        .map(|operation| {
            vec![
                format!(r#"<span class="mono">{}</span>"#, brief(&operation.name, 60)),
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
