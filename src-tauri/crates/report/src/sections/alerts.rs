//! Alerts that fired in the range.

use analysis::figures::digits;
use model::{AlertState, AlertTransition};

use crate::{
    Contents, clock,
    clock::Zone,
    markup::{brief, escape, nothing, panel, table},
};

const MOST_FIRINGS: usize = 50;

/// The part about alerts.
pub(crate) fn alerts(contents: &Contents) -> String {
    let zone = Zone::minutes_east(contents.request.utc_offset_minutes);
    let mut firings: Vec<&AlertTransition> =
        contents.transitions.iter().filter(|transition| transition.to == AlertState::Firing).collect();
    firings.sort_by_key(|firing| std::cmp::Reverse(firing.time));
    if firings.is_empty() {
        return panel("Alerts", "", &nothing("No alert fired in this range."));
    }
    let rows: Vec<Vec<String>> = firings
        .iter()
        .take(MOST_FIRINGS)
        .map(|firing| {
            let ended = contents
                .transitions
                .iter()
                .filter(|other| {
                    other.fingerprint == firing.fingerprint
                        && other.from == AlertState::Firing
                        && other.time >= firing.time
                })
                .map(|other| other.time)
                .min();
            let lasted = ended
                .map_or_else(|| "to the end".to_owned(), |ended| clock::length(ended.since(firing.time)));
            let labels: Vec<String> =
                firing.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
            vec![
                escape(&zone.minute(firing.time)),
                format!("<b>{}</b>", brief(&firing.rule_name, 80)),
                format!(r#"<span class="mono muted wrap">{}</span>"#, brief(&labels.join(" "), 100)),
                firing.value.map_or_else(|| "–".to_owned(), |value| escape(&digits(value))),
                escape(&lasted),
                format!(r#"<span class="wrap">{}</span>"#, brief(&firing.reason, 160)),
            ]
        })
        .collect();
    let mut body = table(&["Fired", "Rule", "Where", "Value#", "Lasted#", "Why"], &rows);
    if firings.len() > MOST_FIRINGS {
        body.push_str(&nothing(&format!("{} earlier firings are left out.", firings.len() - MOST_FIRINGS)));
    }
    panel("Alerts", &format!("{} fired", firings.len()), &body)
}
