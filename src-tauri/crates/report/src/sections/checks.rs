//! The section about health checks: their uptime and their incidents.

use analysis::figures::format;
use model::{HealthState, TimelineBucket};

use crate::{
    CheckReport, ReportData,
    markup::{escape, note, panel, shortened, state, table},
    time_format::{self, Zone},
};

const MAX_INCIDENTS: usize = 30;

/// Renders the health checks.
pub(crate) fn checks(data: &ReportData) -> String {
    if data.checks.is_empty() {
        return panel("Health checks", "", &note("There are no health checks."));
    }
    let zone = Zone::minutes_east(data.request.utc_offset_minutes);
    let rows: Vec<Vec<String>> = data.checks.iter().map(row).collect();
    let mut body = table(&["Check", "Target", "Timeline", "Uptime#", "Median#", "Incidents#"], &rows);
    let mut incidents: Vec<_> = data
        .checks
        .iter()
        .flat_map(|check| check.incidents.iter().map(move |incident| (&check.check.name, incident)))
        .collect();
    incidents.sort_by_key(|(_, incident)| std::cmp::Reverse(incident.started));
    if !incidents.is_empty() {
        let rows: Vec<Vec<String>> = incidents
            .iter()
            .take(MAX_INCIDENTS)
            .map(|(name, incident)| {
                let duration = match incident.ended {
                    Some(ended) => time_format::duration(ended.since(incident.started)),
                    None => "ongoing".to_owned(),
                };
                vec![
                    escape(&zone.minute(incident.started)),
                    shortened(name, 60),
                    state(incident.worst),
                    escape(&duration),
                    format!(r#"<span class="wrap">{}</span>"#, shortened(&incident.message, 200)),
                ]
            })
            .collect();
        body.push_str(r#"<h3 class="inset">Incidents</h3>"#);
        body.push_str(&table(&["Start", "Check", "Worst state", "Duration#", "Message"], &rows));
        if incidents.len() > MAX_INCIDENTS {
            let omitted = incidents.len() - MAX_INCIDENTS;
            body.push_str(&note(&format!("{omitted} earlier incidents are omitted.")));
        }
    }
    panel("Health checks", "uptime in percent of the observed time", &body)
}

fn row(report: &CheckReport) -> Vec<String> {
    vec![
        format!("<b>{}</b>", shortened(&report.check.name, 60)),
        format!(r#"<span class="mono muted">{}</span>"#, shortened(&report.target, 50)),
        timeline(&report.timeline),
        report.uptime.map_or_else(|| "–".to_owned(), uptime),
        report.median_duration.map_or_else(|| "–".to_owned(), |nanos| escape(&format(nanos as f64, "ns"))),
        report.incidents.len().to_string(),
    ]
}

/// Formats an uptime, which is 100% only if it is complete.
fn uptime(share: f64) -> String {
    let percent = (share * 10_000.0).floor() / 100.0;
    if share >= 1.0 { "100%".to_owned() } else { format!("{percent:.2}%") }
}

/// Draws the buckets of a timeline.
fn timeline(buckets: &[TimelineBucket]) -> String {
    let rects: String = buckets
        .iter()
        .enumerate()
        .map(|(index, bucket)| {
            let class = match bucket.state {
                HealthState::Healthy => "t-healthy",
                HealthState::Degraded => "t-degraded",
                HealthState::Unhealthy => "t-unhealthy",
                HealthState::Unknown => "t-unknown",
            };
            // Worse states are also taller, because colour must not be the only difference.
            let (y, height) = match bucket.state {
                HealthState::Healthy | HealthState::Unknown => (3, 8),
                HealthState::Degraded => (1, 12),
                HealthState::Unhealthy => (0, 14),
            };
            let fill = if bucket.state == HealthState::Unknown { r#" fill="url(#hatching)""# } else { "" };
            format!(r#"<rect class="{class}" x="{}" y="{y}" width="3" height="{height}"{fill}/>"#, index * 4)
        })
        .collect();
    format!(
        r#"<svg class="timeline" viewBox="0 0 {} 14" role="img" aria-label="states over the range">{rects}</svg>"#,
        (buckets.len() * 4).max(4)
    )
}

#[cfg(test)]
mod tests {
    use super::uptime;

    #[test]
    fn only_complete_uptime_is_a_hundred() {
        assert_eq!(
            (uptime(1.0).as_str(), uptime(0.999_999).as_str(), uptime(0.0).as_str()),
            ("100%", "99.99%", "0.00%")
        );
    }
}
