//! The drawing of one line.

use std::fmt::Write;

use model::Timestamp;

use super::{
    axes::Axes,
    chart::{Chart, Line},
};

/// Points farther apart than this many steps are not joined.
const MAX_JOINED_STEPS: f64 = 1.5;

/// Draws a line, interrupted where points are missing. A single point is a dot.
pub(super) fn path(chart: &Chart, axes: &Axes, line: &Line) -> String {
    let max_distance = (chart.step as f64 * MAX_JOINED_STEPS) as i64;
    let mut runs: Vec<Vec<(Timestamp, f64)>> = Vec::new();
    for point in line.points.iter().filter(|(time, value)| value.is_finite() && chart.range.end >= *time) {
        let is_apart = |last: Timestamp| {
            point.0.since(last) > max_distance
                || chart.gaps.iter().any(|gap| gap.range.start < point.0 && last < gap.range.start)
        };
        match runs.last_mut() {
            Some(run) if run.last().is_some_and(|(last, _)| !is_apart(*last)) => run.push(*point),
            _ => runs.push(vec![*point]),
        }
    }
    let colour = line.colour.clamp(1, 8);
    let (mut data, mut dots) = (String::new(), String::new());
    for run in &runs {
        for (index, (time, value)) in run.iter().enumerate() {
            let (x, y) = (axes.x(chart, *time), axes.y(*value));
            if run.len() == 1 {
                let _ = write!(dots, r#"<circle class="dot d{colour}" cx="{x:.1}" cy="{y:.1}" r="1.6"/>"#);
            } else {
                let _ = write!(data, "{}{x:.1} {y:.1}", if index == 0 { 'M' } else { 'L' });
            }
        }
    }
    if !data.is_empty() {
        let _ = write!(dots, r#"<path class="line c{colour}" d="{data}"/>"#);
    }
    dots
}
