//! The section about alerts that fired in the range.

use analysis::figures::digits;
use model::{AlertState, AlertTransition};

use crate::{
    ReportData,
    markup::{escape, note, panel, shortened, table},
    time_format::{self, Zone},
};

const MAX_FIRINGS: usize = 50;

/// Renders the alerts.
pub(crate) fn alerts(data: &ReportData) -> String {
    let zone = Zone::minutes_east(data.request.utc_offset_minutes);
    let mut firings: Vec<&AlertTransition> =
        data.transitions.iter().filter(|transition| transition.to == AlertState::Firing).collect();
    firings.sort_by_key(|firing| std::cmp::Reverse(firing.time));
    if firings.is_empty() {
        return panel("Alerts", "", &note("No alert fired in this range."));
    }
    let rows: Vec<Vec<String>> = firings
        .iter()
        .take(MAX_FIRINGS)
        .map(|firing| {
            let ended = data
                .transitions
                .iter()
                .filter(|other| {
                    other.fingerprint == firing.fingerprint
                        && other.from == AlertState::Firing
                        && other.time >= firing.time
                })
                .map(|other| other.time)
                .min();
            let duration = ended.map_or_else(
                || "ongoing".to_owned(),
                |ended| time_format::duration(ended.since(firing.time)),
            );
            let labels: Vec<String> =
                firing.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
            vec![
                escape(&zone.minute(firing.time)),
                format!("<b>{}</b>", shortened(&firing.rule_name, 80)),
                format!(r#"<span class="mono muted wrap">{}</span>"#, shortened(&labels.join(" "), 100)),
                firing.value.map_or_else(|| "–".to_owned(), |value| escape(&digits(value))),
                escape(&duration),
                format!(r#"<span class="wrap">{}</span>"#, shortened(&firing.reason, 160)),
            ]
        })
        .collect();
    let mut body = table(&["Fired", "Rule", "Labels", "Value#", "Duration#", "Reason"], &rows);
    if firings.len() > MAX_FIRINGS {
        body.push_str(&note(&format!("{} earlier alerts are omitted.", firings.len() - MAX_FIRINGS)));
    }
    panel("Alerts", &format!("{} fired", firings.len()), &body)
}
