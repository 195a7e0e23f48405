//! The machine, its log records, and when nothing was observed.

use analysis::figures::format;

use crate::{
    Contents, Vital,
    charts::{Chart, Line, draw, gap_reason},
    clock,
    clock::Zone,
    markup::{brief, escape, nothing, panel, table},
};

const MOST_ROWS: usize = 30;

/// The part about the machine; empty if nothing is known of it.
pub(crate) fn vitals(contents: &Contents) -> String {
    if contents.vitals.is_empty() {
        return String::new();
    }
    let charts: String = contents.vitals.iter().map(|vital| draw(&chart(contents, vital))).collect();
    panel("Machine", "", &format!(r#"<div class="body"><div class="pair">{charts}</div></div>"#))
}

fn chart(contents: &Contents, vital: &Vital) -> Chart {
    let lines = vital
        .answer
        .series
        .iter()
        .zip(1..)
        .map(|(series, colour)| Line {
            label: series.labels.get(&vital.label).cloned().unwrap_or_default(),
            colour,
            points: series.times.iter().copied().zip(series.values.iter().copied()).collect(),
        })
        .collect();
    Chart {
        title: vital.title.clone(),
        unit: vital.answer.unit.clone(),
        lines,
        range: contents.request.range,
        step: usual_distance(vital),
        gaps: vital.answer.gaps.clone(),
        marks: Vec::new(),
        top: (vital.answer.unit == "1").then_some(1.0),
        width: 482.0,
        height: 140.0,
        utc_offset_minutes: contents.request.utc_offset_minutes,
    }
}

/// The usual distance of two points: machines are often looked at less often than once a step.
fn usual_distance(vital: &Vital) -> i64 {
    let mut distances: Vec<i64> = vital
        .answer
        .series
        .iter()
        .flat_map(|series| series.times.windows(2).map(|pair| pair[1].since(pair[0])))
        .collect();
    distances.sort_unstable();
    distances.get(distances.len() / 2).copied().unwrap_or(0).max(vital.answer.step)
}

/// The part about log records.
pub(crate) fn logs(contents: &Contents) -> String {
    if contents.logs.is_empty() {
        return panel("Logs", "", &nothing("No log records were received in this range."));
    }
    let rows: Vec<Vec<String>> = contents
        .logs
        .iter()
        .take(MOST_ROWS)
        .map(|(service, errors, all)| {
            let share = *errors as f64 / (*all).max(1) as f64;
            let class = if *errors > 0 { "unhealthy" } else { "faint" };
            vec![
                brief(service, 80),
                format!(r#"<span class="{class}">{}</span>"#, grouped(*errors)),
                grouped(*all),
                escape(&format(share, "1")),
            ]
        })
        .collect();
    let mut body = table(&["Service", "Errors#", "All records#", "Share#"], &rows);
    if contents.logs.len() > MOST_ROWS {
        body.push_str(&nothing(&format!(
            "{} quieter services are left out.",
            contents.logs.len() - MOST_ROWS
        )));
    }
    panel("Logs", "severity error and worse", &body)
}

/// The part about when nothing was observed.
pub(crate) fn gaps(contents: &Contents) -> String {
    let zone = Zone::minutes_east(contents.request.utc_offset_minutes);
    let before = contents.first_ran_within().map(|first| {
        format!(
            "Binnacle first ran on {}. What this report tells of earlier times was sent or imported later and may \
             not be complete.",
            zone.minute(first)
        )
    });
    if contents.gaps.is_empty() {
        let text = before.unwrap_or_else(|| {
            "Binnacle's ledger has no gap in this range: it was running and could look all the time."
                .to_owned()
        });
        return panel("Not observed", "", &nothing(&text));
    }
    let total: i64 = contents.gaps.iter().map(|gap| gap.range.length()).sum();
    let rows: Vec<Vec<String>> = contents
        .gaps
        .iter()
        .take(MOST_ROWS)
        .map(|gap| {
            vec![
                escape(&zone.range(gap.range)),
                escape(&clock::length(gap.range.length())),
                gap_reason(gap.reason).to_owned(),
            ]
        })
        .collect();
    panel(
        "Not observed",
        &format!("{} in all, neither up nor down", clock::length(total)),
        &format!(
            "{}{}",
            table(&["When", "Length#", "Why"], &rows),
            before.map(|text| nothing(&text)).unwrap_or_default()
        ),
    )
}

/// A count with its thousands apart.
pub(crate) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_stand_apart() {
        assert_eq!((grouped(7).as_str(), grouped(1_234_567).as_str()), ("7", "1\u{202f}234\u{202f}567"));
    }
}
