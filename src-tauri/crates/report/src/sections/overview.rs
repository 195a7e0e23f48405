//! The first page: the summary sentence and the table of services.

use analysis::figures::{format, percent};
use model::{AlertState, ComparisonVerdict, ServiceSummary, TimeRange};

use crate::{
    Contents, ServiceContents, clock,
    markup::{brief, duration_verdict, escape, nothing, panel, state, table},
    sections::machine::grouped,
};

/// The range in one paragraph.
pub(crate) fn summary(contents: &Contents) -> String {
    let services = &contents.services;
    let seconds = contents.request.range.length() as f64 / model::NANOS_PER_SECOND as f64;
    let requests: f64 = services.iter().map(|service| service.summary.rate * seconds).sum();
    let failed: f64 =
        services.iter().map(|service| service.summary.rate * seconds * service.summary.error_ratio).sum();
    let mut sentences = Vec::new();
    if services.is_empty() {
        sentences.push("No requests were received in this range.".to_owned());
    } else {
        let ratio = if requests > 0.0 { failed / requests } else { 0.0 };
        sentences.push(format!(
            "{} handled {} requests, {} of them failed.",
            count(services.len(), "service", "services"),
            grouped(requests.round() as u64),
            format(ratio, "1")
        ));
        let told = |verdict| {
            let names: Vec<&str> = services
                .iter()
                .filter(|service| service.comparison.as_ref().is_some_and(|c| c.verdict == verdict))
                .map(|service| service.summary.service.as_str())
                .collect();
            names
        };
        let (slower, faster) = (told(ComparisonVerdict::Higher), told(ComparisonVerdict::Lower));
        let against = format!("than in the {} before", clock::length(contents.before.length()));
        match (slower.as_slice(), faster.as_slice()) {
            ([], []) => sentences.push(format!("None is certainly slower or faster {against}.")),
            (slower, faster) => {
                for (names, word) in [(slower, "slower"), (faster, "faster")] {
                    if !names.is_empty() {
                        let verb = if names.len() == 1 { "is" } else { "are" };
                        sentences.push(format!("{} {verb} {word} {against}.", listed(names)));
                    }
                }
            }
        }
    }
    let fired = contents.transitions.iter().filter(|transition| transition.to == AlertState::Firing).count();
    let incidents: usize = contents.checks.iter().map(|check| check.incidents.len()).sum();
    sentences.push(match (fired, incidents) {
        (0, 0) => "No alert fired and no health check failed.".to_owned(),
        _ => format!(
            "{} fired; health checks had {}.",
            count(fired, "alert", "alerts"),
            count(incidents, "incident", "incidents")
        ),
    });
    let unobserved: i64 = contents.gaps.iter().map(|gap| gap.range.length()).sum();
    if unobserved > 0 {
        sentences.push(format!("For {} Binnacle could not observe.", clock::length(unobserved)));
    }
    if let Some(first) = contents.first_ran_within() {
        let early = TimeRange::new(contents.request.range.start, first.min(contents.request.range.end));
        sentences
            .push(format!("For the first {} it was not yet there to look.", clock::length(early.length())));
    }
    format!(r#"<p class="summary">{}</p>"#, escape(&sentences.join(" ")))
}

/// `0 alerts`, `1 alert`, `2 alerts`.
fn count(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// Names as people list them, the fourth and later by number.
fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] if names.len() <= 3 => format!("{} and {last}", first.join(", ")),
        _ => format!("{} and {} more", names[..2].join(", "), names.len() - 2),
    }
}

/// The table of services.
pub(crate) fn services(contents: &Contents) -> String {
    let aside = format!("against the {} before", clock::length(contents.before.length()));
    let mut body = match contents.services.is_empty() {
        true => nothing(
            "No spans were received in this range, so there is nothing to say about services. \
             Connect an application with OpenTelemetry, or choose a range in which one was running.",
        ),
        false => table(
            &["Service", "State", "Rate#", "Errors#", "p50#", "p95#", "p99#", "Durations"],
            &contents.services.iter().map(row).collect::<Vec<_>>(),
        ),
    };
    if !contents.silent_services.is_empty() {
        let names: Vec<String> = contents.silent_services.iter().map(|name| brief(name, 80)).collect();
        body.push_str(&format!(
            r#"<p class="nothing">Nothing was heard of {} in this range.</p>"#,
            names.join(", ")
        ));
    }
    panel("Services", &aside, &body)
}

fn row(service: &ServiceContents) -> Vec<String> {
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
        format!("<b>{}</b>", brief(&now.service, 60)),
        state(now.state),
        figure(Some(now.rate), before.map(|before| before.rate), "1/s"),
        format!("{errors}{was}"),
        duration(|summary| summary.p50),
        duration(|summary| summary.p95),
        duration(|summary| summary.p99),
        verdict,
    ]
}

/// A figure with its change under it.
fn figure(now: Option<f64>, before: Option<f64>, unit: &str) -> String {
    let Some(now) = now else { return "–".to_owned() };
    let shown = escape(&format(now, unit));
    match before.filter(|before| *before > 0.0) {
        Some(before) => format!("{shown}<small>{}</small>", signed(now / before - 1.0)),
        None => shown,
    }
}

/// A relative change with its sign.
pub(crate) fn signed(change: f64) -> String {
    match percent(change).as_str() {
        "0%" => "±0%".to_owned(),
        text if change > 0.0 => format!("+{text}"),
        text => format!("−{text}"),
    }
}
