//! The section about the host.

use crate::{
    HostMetric, ReportData,
    charts::{Chart, Line, draw},
    markup::panel,
};

/// Renders the charts of the host's metrics; empty if there are none.
pub(crate) fn host(data: &ReportData) -> String {
    if data.host_metrics.is_empty() {
        return String::new();
    }
    let charts: String = data.host_metrics.iter().map(|metric| draw(&chart(data, metric))).collect();
    panel("Host", "", &format!(r#"<div class="body"><div class="pair">{charts}</div></div>"#))
}

fn chart(data: &ReportData, metric: &HostMetric) -> Chart {
    let lines = metric
        .answer
        .series
        .iter()
        .zip(1..)
        .map(|(series, colour)| Line {
            label: series.labels.get(&metric.label).cloned().unwrap_or_default(),
            colour,
            points: series.times.iter().copied().zip(series.values.iter().copied()).collect(),
        })
        .collect();
    Chart {
        title: metric.title.clone(),
        unit: metric.answer.unit.clone(),
        lines,
        range: data.request.range,
        step: usual_distance(metric),
        gaps: metric.answer.gaps.clone(),
        marks: Vec::new(),
        top: (metric.answer.unit == "1").then_some(1.0),
        width: 482.0,
        height: 140.0,
        utc_offset_minutes: data.request.utc_offset_minutes,
    }
}

/// Returns the median distance of two points. A host can be sampled less often than once a step.
fn usual_distance(metric: &HostMetric) -> i64 {
    let mut distances: Vec<i64> = metric
        .answer
        .series
        .iter()
        .flat_map(|series| series.times.windows(2).map(|pair| pair[1].since(pair[0])))
        .collect();
    distances.sort_unstable();
    distances.get(distances.len() / 2).copied().unwrap_or(0).max(metric.answer.step)
}
