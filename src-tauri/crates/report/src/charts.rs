//! Line charts over time as SVG. Colours are from CSS classes of the page.

mod axes;
mod chart;
mod path;

use std::fmt::Write;

use model::GapReason;

pub use self::chart::{Chart, Line};
use self::{
    axes::{Axes, LEFT, RIGHT, TOP, time_ticks},
    path::path,
};
use crate::markup::escape;

/// The hatching of gaps. The page must have it once.
pub const HATCHING: &str = r#"<svg class="patterns" width="0" height="0" aria-hidden="true"><defs><pattern id="hatching" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path class="hatch" d="M0 0V5"/></pattern></defs></svg>"#;

/// Draws a chart as a figure with title and legend.
pub fn draw(chart: &Chart) -> String {
    let mut legend = String::new();
    if chart.lines.len() > 1 || chart.lines.iter().any(|line| !line.label.is_empty()) {
        for line in &chart.lines {
            let _ = write!(
                legend,
                r#"<span class="key"><svg viewBox="0 0 12 4" aria-hidden="true"><path class="line c{}" d="M0 2H12"/></svg>{}</span>"#,
                line.colour.clamp(1, 8),
                escape(&line.label)
            );
        }
    }
    format!(
        r#"<figure><figcaption><span>{}</span>{legend}</figcaption>{}</figure>"#,
        escape(&chart.title),
        drawing(chart)
    )
}

fn drawing(chart: &Chart) -> String {
    let axes = Axes::of(chart);
    let mut svg = format!(
        r#"<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">"#,
        chart.width,
        chart.height,
        escape(&chart.title)
    );
    for mark in &chart.marks {
        let (x, end) = axes.extent(chart, *mark);
        let _ = write!(
            svg,
            r#"<rect class="mark" x="{x:.1}" y="{TOP}" width="{:.1}" height="{:.1}"><title>anomaly</title></rect>"#,
            (end - x).max(2.0),
            axes.bottom - TOP
        );
    }
    for (value, label) in &axes.ticks {
        let y = axes.y(*value);
        let _ = write!(
            svg,
            r#"<path class="grid" d="M{LEFT} {y:.1}H{:.1}"/><text class="tick" x="{:.1}" y="{:.1}" text-anchor="end">{}</text>"#,
            chart.width - RIGHT,
            LEFT - 6.0,
            y + 3.5,
            escape(label)
        );
    }
    for (time, label) in time_ticks(chart) {
        let x = axes.x(chart, time);
        let _ = write!(
            svg,
            r#"<path class="grid" d="M{x:.1} {:.1}v4"/><text class="tick" x="{x:.1}" y="{:.1}" text-anchor="middle">{}</text>"#,
            axes.bottom,
            chart.height - 4.0,
            escape(&label)
        );
    }
    for gap in &chart.gaps {
        let (x, end) = axes.extent(chart, gap.range);
        if end > x {
            let _ = write!(
                svg,
                r#"<rect class="gap" x="{x:.1}" y="{TOP}" width="{:.1}" height="{:.1}" fill="url(#hatching)"><title>{}</title></rect>"#,
                end - x,
                axes.bottom - TOP,
                gap_reason(gap.reason)
            );
        }
    }
    if axes.empty {
        let _ = write!(
            svg,
            r#"<text class="tick" x="{:.1}" y="{:.1}" text-anchor="middle">no data in this range</text>"#,
            (LEFT + chart.width - RIGHT) / 2.0,
            (TOP + axes.bottom) / 2.0
        );
    }
    for line in chart.lines.iter().rev() {
        svg.push_str(&path(chart, &axes, line));
    }
    svg.push_str("</svg>");
    svg
}

/// Describes the reason of a gap.
pub(crate) fn gap_reason(reason: GapReason) -> &'static str {
    match reason {
        GapReason::NotRunning => "Binnacle was not running",
        GapReason::Asleep => "the machine was asleep",
        GapReason::Offline => "the machine had no network",
        GapReason::Paused => "collecting was paused",
        GapReason::Stalled => "Binnacle was stopped or starved",
        GapReason::ClockChanged => "the clock was set",
    }
}

#[cfg(test)]
mod tests {
    use model::{Gap, NANOS_PER_SECOND, TimeRange, Timestamp};

    use super::*;

    fn chart(points: Vec<(i64, f64)>) -> Chart {
        let second = |seconds: i64| Timestamp(seconds * NANOS_PER_SECOND);
        Chart {
            title: "Duration".into(),
            unit: "ns".into(),
            lines: vec![Line {
                label: "p95".into(),
                colour: 2,
                points: points.into_iter().map(|(time, value)| (second(time), value)).collect(),
            }],
            range: TimeRange::new(second(0), second(600)),
            step: 10 * NANOS_PER_SECOND,
            gaps: Vec::new(),
            marks: Vec::new(),
            top: None,
            width: 480.0,
            height: 150.0,
            utc_offset_minutes: 0,
        }
    }

    #[test]
    fn missing_time_interrupts_the_line() {
        let drawn = draw(&chart(vec![(0, 1e6), (10, 2e6), (20, 1e6), (100, 1e6), (110, 2e6), (300, 3e6)]));
        let line = drawn.split("class=\"line c2\" d=\"M").last().unwrap().split('"').next().unwrap();
        assert_eq!(
            line.matches('M').count(),
            1,
            "two runs, the first of which began before the split: {line}"
        );
        assert_eq!(drawn.matches("<circle").count(), 1, "a lone point is a dot");
    }

    #[test]
    fn a_gap_is_hatched_and_not_joined_across() {
        let mut chart = chart(vec![(0, 1e6), (10, 2e6), (20, 1e6), (30, 1e6)]);
        let second = |seconds: i64| Timestamp(seconds * NANOS_PER_SECOND);
        chart.gaps = vec![Gap { range: TimeRange::new(second(12), second(18)), reason: GapReason::Asleep }];
        let drawn = draw(&chart);
        assert!(drawn.contains(r##"fill="url(#hatching)"><title>the machine was asleep"##));
        let line = drawn.rsplit("d=\"").next().unwrap().split('"').next().unwrap();
        assert_eq!(line.matches('M').count(), 2, "{line}");
    }

    #[test]
    fn axes_have_units_and_readable_ticks() {
        let drawn = draw(&chart(vec![(0, 0.0), (10, 183e6), (20, 120e6)]));
        for label in [">0 ms<", ">100 ms<", ">200 ms<", ">00:02<"] {
            assert!(drawn.contains(label), "{label} in {drawn}");
        }
    }

    #[test]
    fn extreme_values_and_ranges_are_drawn() {
        assert!(draw(&chart(Vec::new())).contains("no data in this range"));
        for value in [f64::NAN, f64::INFINITY, f64::MAX, f64::MIN, 0.0, -1e-300] {
            let drawn = draw(&chart(vec![(0, value), (10, value), (9_000_000_000, value)]));
            assert!(!drawn.contains("NaN") && !drawn.contains("inf"), "{value}: {drawn}");
        }
        let mut endless = chart(vec![(0, 1.0)]);
        endless.range = TimeRange::new(Timestamp(i64::MIN), Timestamp(i64::MAX));
        endless.lines[0].label = "<script>".into();
        assert!(!draw(&endless).contains("<script>"));
        endless.range = TimeRange::new(Timestamp(5), Timestamp(5));
        draw(&endless);
    }
}
