//! The summary of the range in one paragraph.

use analysis::figures::format;
use model::{AlertState, ComparisonVerdict, TimeRange};

use super::number::{counted, grouped};
use crate::{ReportData, markup::escape, time_format};

/// Renders the summary.
pub(crate) fn summary(data: &ReportData) -> String {
    let mut sentences = requests(data);
    let fired = data.transitions.iter().filter(|transition| transition.to == AlertState::Firing).count();
    let incidents: usize = data.checks.iter().map(|check| check.incidents.len()).sum();
    sentences.push(match (fired, incidents) {
        (0, 0) => "No alert fired and no health check failed.".to_owned(),
        _ => format!(
            "{} fired; health checks had {}.",
            counted(fired, "alert", "alerts"),
            counted(incidents, "incident", "incidents")
        ),
    });
    let unobserved: i64 = data.gaps.iter().map(|gap| gap.range.length()).sum();
    if unobserved > 0 {
        sentences.push(format!("Binnacle did not observe for {}.", time_format::duration(unobserved)));
    }
    if let Some(first) = data.first_ran_within() {
        let early = TimeRange::new(data.request.range.start, first.min(data.request.range.end));
        sentences.push(format!(
            "Binnacle was not running for the first {}.",
            time_format::duration(early.length())
        ));
    }
    format!(r#"<p class="summary">{}</p>"#, escape(&sentences.join(" ")))
}

/// Returns the sentences about requests and their durations.
fn requests(data: &ReportData) -> Vec<String> {
    let services = &data.services;
    if services.is_empty() {
        return vec!["No requests were received in this range.".to_owned()];
    }
    let seconds = data.request.range.length() as f64 / model::NANOS_PER_SECOND as f64;
    let requests: f64 = services.iter().map(|service| service.summary.rate * seconds).sum();
    let failed: f64 =
        services.iter().map(|service| service.summary.rate * seconds * service.summary.error_ratio).sum();
    let ratio = if requests > 0.0 { failed / requests } else { 0.0 };
    let mut sentences = vec![format!(
        "{} handled {} requests, {} of them failed.",
        counted(services.len(), "service", "services"),
        grouped(requests.round() as u64),
        format(ratio, "1")
    )];
    let with_verdict = |verdict| -> Vec<&str> {
        services
            .iter()
            .filter(|service| service.comparison.as_ref().is_some_and(|one| one.verdict == verdict))
            .map(|service| service.summary.service.as_str())
            .collect()
    };
    let (slower, faster) = (with_verdict(ComparisonVerdict::Higher), with_verdict(ComparisonVerdict::Lower));
    let before = format!("in the preceding {}", time_format::duration(data.before.length()));
    if slower.is_empty() && faster.is_empty() {
        sentences.push(format!("No service was significantly slower or faster than {before}."));
    }
    for (names, word) in [(slower, "slower"), (faster, "faster")] {
        if !names.is_empty() {
            let verb = if names.len() == 1 { "was" } else { "were" };
            sentences.push(format!("{} {verb} {word} than {before}.", listed(&names)));
        }
    }
    sentences
}

/// Joins names. Of more than three it has two and the number of the others.
fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] if names.len() <= 3 => format!("{} and {last}", first.join(", ")),
        _ => format!("{} and {} more", names[..2].join(", "), names.len() - 2),
    }
}
