//! The section about the times without observation.

use crate::{
    ReportData,
    charts::gap_reason,
    markup::{escape, note, panel, table},
    time_format::{self, Zone},
};

const MAX_GAPS: usize = 30;

/// Renders the gaps of the range.
pub(crate) fn gaps(data: &ReportData) -> String {
    let zone = Zone::minutes_east(data.request.utc_offset_minutes);
    let early = data.first_ran_within().map(|first| {
        format!(
            "Binnacle was first started on {}. Earlier data was sent or imported later and can be incomplete.",
            zone.minute(first)
        )
    });
    if data.gaps.is_empty() {
        let text = early.unwrap_or_else(|| "Binnacle observed the whole range without a gap.".to_owned());
        return panel("Gaps", "", &note(&text));
    }
    let total: i64 = data.gaps.iter().map(|gap| gap.range.length()).sum();
    let rows: Vec<Vec<String>> = data
        .gaps
        .iter()
        .take(MAX_GAPS)
        .map(|gap| {
            vec![
                escape(&zone.range(gap.range)),
                escape(&time_format::duration(gap.range.length())),
                gap_reason(gap.reason).to_owned(),
            ]
        })
        .collect();
    panel(
        "Gaps",
        &format!("{} in total, neither up nor down", time_format::duration(total)),
        &format!(
            "{}{}",
            table(&["Time", "Duration#", "Reason"], &rows),
            early.map(|text| note(&text)).unwrap_or_default()
        ),
    )
}
