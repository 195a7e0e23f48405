//! Health checks: how long each was up, and what failed.

use analysis::figures::format;
use model::{HealthState, TimelineBucket};

use crate::{
    CheckContents, Contents, clock,
    clock::Zone,
    markup::{brief, escape, nothing, panel, state, table},
};

const MOST_INCIDENTS: usize = 30;

/// The part about health checks.
pub(crate) fn checks(contents: &Contents) -> String {
    if contents.checks.is_empty() {
        return panel("Health checks", "", &nothing("No health checks are set up."));
    }
    let zone = Zone::minutes_east(contents.request.utc_offset_minutes);
    let rows: Vec<Vec<String>> = contents.checks.iter().map(row).collect();
    let mut body = table(&["Check", "Looks at", "Timeline", "Uptime#", "Median#", "Incidents#"], &rows);
    let mut incidents: Vec<_> = contents
        .checks
        .iter()
        .flat_map(|check| check.incidents.iter().map(move |incident| (&check.check.name, incident)))
        .collect();
    incidents.sort_by_key(|(_, incident)| std::cmp::Reverse(incident.started));
    if !incidents.is_empty() {
        let rows: Vec<Vec<String>> = incidents
            .iter()
            .take(MOST_INCIDENTS)
            .map(|(name, incident)| {
                let lasted = match incident.ended {
                    Some(ended) => clock::length(ended.since(incident.started)),
                    None => "still lasts".to_owned(),
                };
                vec![
                    escape(&zone.minute(incident.started)),
                    brief(name, 60),
                    state(incident.worst),
                    escape(&lasted),
                    format!(r#"<span class="wrap">{}</span>"#, brief(&incident.message, 200)),
                ]
            })
            .collect();
        body.push_str(r#"<h3 class="inset">Incidents</h3>"#);
        body.push_str(&table(&["Began", "Check", "Worst", "Lasted#", "What was found"], &rows));
        if incidents.len() > MOST_INCIDENTS {
            let left = incidents.len() - MOST_INCIDENTS;
            body.push_str(&nothing(&format!("{left} earlier incidents are left out.")));
        }
    }
    panel("Health checks", "uptime is the share of observed time", &body)
}

fn row(contents: &CheckContents) -> Vec<String> {
    vec![
        format!("<b>{}</b>", brief(&contents.check.name, 60)),
        format!(r#"<span class="mono muted">{}</span>"#, brief(&contents.check.kind.target(), 50)),
        timeline(&contents.timeline),
        contents.uptime.map_or_else(|| "–".to_owned(), uptime),
        contents.median_duration.map_or_else(|| "–".to_owned(), |nanos| escape(&format(nanos as f64, "ns"))),
        contents.incidents.len().to_string(),
    ]
}

/// A share that never rounds up to a full hundred.
fn uptime(share: f64) -> String {
    let percent = (share * 10_000.0).floor() / 100.0;
    if share >= 1.0 { "100%".to_owned() } else { format!("{percent:.2}%") }
}

fn timeline(cells: &[TimelineBucket]) -> String {
    let rects: String = cells
        .iter()
        .enumerate()
        .map(|(index, cell)| {
            let class = match cell.state {
                HealthState::Healthy => "t-healthy",
                HealthState::Degraded => "t-degraded",
                HealthState::Unhealthy => "t-unhealthy",
                HealthState::Unknown => "t-unknown",
            };
            // Worse cells are taller as well as coloured: state is never told by colour alone.
            let (y, height) = match cell.state {
                HealthState::Healthy | HealthState::Unknown => (3, 8),
                HealthState::Degraded => (1, 12),
                HealthState::Unhealthy => (0, 14),
            };
            let fill = if cell.state == HealthState::Unknown { r#" fill="url(#hatching)""# } else { "" };
            format!(r#"<rect class="{class}" x="{}" y="{y}" width="3" height="{height}"{fill}/>"#, index * 4)
        })
        .collect();
    format!(
        r#"<svg class="timeline" viewBox="0 0 {} 14" role="img" aria-label="states over the range">{rects}</svg>"#,
        (cells.len() * 4).max(4)
    )
}

#[cfg(test)]
mod tests {
    use super::uptime;

    #[test]
    fn only_full_uptime_is_a_hundred() {
        assert_eq!(
            (uptime(1.0).as_str(), uptime(0.999_999).as_str(), uptime(0.0).as_str()),
            ("100%", "99.99%", "0.00%")
        );
    }
}
