//! The section about log records.

use analysis::figures::format;

use super::number::grouped;
use crate::{
    ReportData,
    markup::{escape, note, panel, shortened, table},
};

const MAX_SERVICES: usize = 30;

/// Renders the numbers of log records per service.
pub(crate) fn logs(data: &ReportData) -> String {
    if data.logs.is_empty() {
        return panel("Logs", "", &note("No log records were received in this range."));
    }
    let rows: Vec<Vec<String>> = data
        .logs
        .iter()
        .take(MAX_SERVICES)
        .map(|(service, errors, all)| {
            let share = *errors as f64 / (*all).max(1) as f64;
            let class = if *errors > 0 { "unhealthy" } else { "faint" };
            vec![
                shortened(service, 80),
                format!(r#"<span class="{class}">{}</span>"#, grouped(*errors)),
                grouped(*all),
                escape(&format(share, "1")),
            ]
        })
        .collect();
    let mut body = table(&["Service", "Errors#", "All records#", "Share#"], &rows);
    if data.logs.len() > MAX_SERVICES {
        body.push_str(&note(&format!(
            "{} services with fewer errors are omitted.",
            data.logs.len() - MAX_SERVICES
        )));
    }
    panel("Logs", "severity error and above", &body)
}
