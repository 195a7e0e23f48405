//! The table of services.

use analysis::figures::format;
use model::{ComparisonVerdict, ServiceSummary};

use super::number::signed;
use crate::{
    ReportData, ServiceReport,
    markup::{duration_verdict, escape, note, panel, shortened, state, table},
    time_format,
};

/// Renders the table of services.
pub(crate) fn services(data: &ReportData) -> String {
    let aside = format!("compared with the preceding {}", time_format::duration(data.before.length()));
    let mut body = match data.services.is_empty() {
        true => note(
            "No spans were received in this range. Connect an application with OpenTelemetry, or choose a \
             range in which one was running.",
        ),
        false => table(
            &["Service", "State", "Rate#", "Errors#", "p50#", "p95#", "p99#", "Durations"],
            &data.services.iter().map(row).collect::<Vec<_>>(),
        ),
    };
    if !data.silent_services.is_empty() {
        let names: Vec<String> = data.silent_services.iter().map(|name| shortened(name, 80)).collect();
        body.push_str(&format!(r#"<p class="nothing">No data from {} in this range.</p>"#, names.join(", ")));
    }
    panel("Services", &aside, &body)
}

fn row(service: &ServiceReport) -> Vec<String> {
    let (now, before) = (&service.summary, service.before.as_ref());
    let duration = |of: fn(&ServiceSummary) -> Option<i64>| {
        let value = of(now).map(|nanos| nanos as f64);
        figure(value, before.and_then(of).map(|nanos| nanos as f64), "ns")
    };
    let errors = figure(Some(now.error_ratio), None, "1");
    let errors = match now.error_ratio > 0.01 {
        true => format!(r#"<span class="unhealthy">{errors}</span>"#),
        false => errors,
    };
    let was = before.map_or_else(String::new, |before| {
        format!(r#"<small>was {}</small>"#, escape(&format(before.error_ratio, "1")))
    });
    let verdict = match &service.comparison {
        None => r#"<span class="faint">not compared</span>"#.to_owned(),
        Some(comparison) => {
            let (word, class) = duration_verdict(comparison.verdict);
            let interval = match (comparison.verdict, comparison.median_change_interval) {
                (ComparisonVerdict::Higher | ComparisonVerdict::Lower, Some((low, high))) => {
                    format!(r#" <small>median {} to {}</small>"#, signed(low), signed(high))
                }
                _ => String::new(),
            };
            format!(r#"<span class="{class}">{word}</span>{interval}"#)
        }
    };
    vec![
        format!("<b>{}</b>", shortened(&now.service, 60)),
        state(now.state),
        figure(Some(now.rate), before.map(|before| before.rate), "1/s"),
        format!("{errors}{was}"),
        duration(|summary| summary.p50),
        duration(|summary| summary.p95),
        duration(|summary| summary.p99),
        verdict,
    ]
}

/// Returns a value with its change below it.
fn figure(now: Option<f64>, before: Option<f64>, unit: &str) -> String {
    let Some(now) = now else { return "–".to_owned() };
    let shown = escape(&format(now, unit));
    match before.filter(|before| *before > 0.0) {
        Some(before) => format!("{shown}<small>{}</small>", signed(now / before - 1.0)),
        None => shown,
    }
}
