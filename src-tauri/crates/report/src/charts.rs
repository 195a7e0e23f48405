//! Lines over time as SVG. Pure: the same chart gives the same text. Colours come from classes of the page.

use std::fmt::Write;

use analysis::figures::Scale;
use model::{Gap, GapReason, NANOS_PER_SECOND, TimeRange, Timestamp};

use crate::{clock::Zone, markup::escape};

const LEFT: f64 = 58.0;
const RIGHT: f64 = 6.0;
const TOP: f64 = 8.0;
const BOTTOM: f64 = 20.0;
/// Points farther apart than this many steps are not joined.
const JOINED_STEPS: f64 = 1.5;

/// One line of a chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// What it shows.
    pub label: String,
    /// Number of its colour, 1 to 8.
    pub colour: u8,
    /// Times and values, ascending in time; values that are not finite are left out.
    pub points: Vec<(Timestamp, f64)>,
}

/// Lines over one range of time.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// What it shows.
    pub title: String,
    /// Unit of the values in UCUM notation.
    pub unit: String,
    /// The lines.
    pub lines: Vec<Line>,
    /// From when to when.
    pub range: TimeRange,
    /// Usual distance of two points, in nanoseconds.
    pub step: i64,
    /// When nothing could be observed: hatched, and never joined across.
    pub gaps: Vec<Gap>,
    /// Stretches to point out, such as anomalies.
    pub marks: Vec<TimeRange>,
    /// The end of the y axis if it is fixed.
    pub top: Option<f64>,
    /// Width in units of the drawing.
    pub width: f64,
    /// Height in units of the drawing.
    pub height: f64,
    /// Minutes east of UTC for the time axis.
    pub utc_offset_minutes: i32,
}

/// The hatching that gaps are filled with: to be in the page once.
pub const HATCHING: &str = r#"<svg class="patterns" width="0" height="0" aria-hidden="true"><defs><pattern id="hatching" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path class="hatch" d="M0 0V5"/></pattern></defs></svg>"#;

/// The chart as a figure with title, legend and drawing.
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
    for mark in &axes.marks {
        let (x, end) = axes.stretch(chart, *mark);
        let _ = write!(
            svg,
            r#"<rect class="mark" x="{x:.1}" y="{TOP}" width="{:.1}" height="{:.1}"><title>out of the ordinary</title></rect>"#,
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
        let (x, end) = axes.stretch(chart, gap.range);
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

/// Why nothing was observed, in words.
pub(crate) fn gap_reason(reason: GapReason) -> &'static str {
    match reason {
        GapReason::NotRunning => "Binnacle was not running",
        GapReason::Asleep => "the machine was asleep",
        GapReason::Offline => "the machine had no network",
        GapReason::Paused => "collecting was paused",
    }
}

/// Where values and times lie in the drawing.
struct Axes {
    low: f64,
    high: f64,
    bottom: f64,
    plot_width: f64,
    ticks: Vec<(f64, String)>,
    marks: Vec<TimeRange>,
    empty: bool,
}

impl Axes {
    fn of(chart: &Chart) -> Self {
        let values = || {
            chart.lines.iter().flat_map(|line| &line.points).map(|point| point.1).filter(|v| v.is_finite())
        };
        let empty = values().next().is_none();
        let low = values().fold(0.0, f64::min);
        let highest = chart.top.unwrap_or_else(|| values().fold(0.0, f64::max));
        let high = if highest > low { highest } else { low + 1.0 };
        let scale = Scale::of(high.abs().max(low.abs()), &chart.unit);
        let step = readable_step((high / scale.divisor - low / scale.divisor) / 3.0) * scale.divisor;
        let first = (low / step).floor();
        let count = ((high / step).ceil() - first).clamp(1.0, 12.0);
        let ticks = match empty {
            true => Vec::new(),
            false => (0..=count as u32)
                .map(|index| (first + f64::from(index)) * step)
                .map(|value| (value, scale.show(value)))
                .collect(),
        };
        Self {
            low: first * step,
            high: (first + count) * step,
            bottom: chart.height - BOTTOM,
            plot_width: chart.width - LEFT - RIGHT,
            ticks,
            marks: chart.marks.clone(),
            empty,
        }
    }

    fn x(&self, chart: &Chart, time: Timestamp) -> f64 {
        let share = time.since(chart.range.start) as f64 / (chart.range.length().max(1)) as f64;
        LEFT + share.clamp(0.0, 1.0) * self.plot_width
    }

    fn y(&self, value: f64) -> f64 {
        let share = ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        self.bottom - if share.is_finite() { share } else { 0.0 } * (self.bottom - TOP)
    }

    fn stretch(&self, chart: &Chart, range: TimeRange) -> (f64, f64) {
        (self.x(chart, range.start), self.x(chart, range.end))
    }
}

/// The least of 1, 2, 2.5 and 5 times a power of ten that is at least `least`.
fn readable_step(least: f64) -> f64 {
    if !(least.is_finite() && least > 0.0) {
        return 1.0;
    }
    let power = 10_f64.powf(least.log10().floor());
    [1.0, 2.0, 2.5, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|step| *step >= least * 0.999)
        .unwrap_or(10.0 * power)
}

/// A line broken wherever time is missing; lone points are dots.
fn path(chart: &Chart, axes: &Axes, line: &Line) -> String {
    let joined = (chart.step as f64 * JOINED_STEPS) as i64;
    let mut runs: Vec<Vec<(Timestamp, f64)>> = Vec::new();
    for point in line.points.iter().filter(|(time, value)| value.is_finite() && chart.range.end >= *time) {
        let apart = |last: Timestamp| {
            point.0.since(last) > joined
                || chart.gaps.iter().any(|gap| gap.range.start < point.0 && last < gap.range.start)
        };
        match runs.last_mut() {
            Some(run) if run.last().is_some_and(|(last, _)| !apart(*last)) => run.push(*point),
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

/// Readable times on the axis with their labels, in the chart's zone.
fn time_ticks(chart: &Chart) -> Vec<(Timestamp, String)> {
    const STEPS: [i64; 24] = [
        1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400,
        172_800, 604_800, 1_209_600, 2_592_000, 7_776_000, 31_536_000,
    ];
    let zone = Zone::minutes_east(chart.utc_offset_minutes);
    let wanted = ((chart.width - LEFT) / 70.0).max(1.0);
    let least = chart.range.length() as f64 / NANOS_PER_SECOND as f64 / wanted;
    let seconds = STEPS.into_iter().find(|step| *step as f64 >= least).unwrap_or(STEPS[23] * 20);
    let step = seconds * NANOS_PER_SECOND;
    let local = chart.range.start.0.saturating_add(zone.offset());
    let mut time =
        Timestamp((local.div_euclid(step).saturating_add(1)).saturating_mul(step)).offset(-zone.offset());
    let mut ticks = Vec::new();
    let margin = chart.range.length() / 40;
    while time < chart.range.end.offset(-margin) && ticks.len() < 40 {
        let midnight = time.0.saturating_add(zone.offset()).rem_euclid(86_400 * NANOS_PER_SECOND) == 0;
        let pattern = match seconds {
            step if step >= 86_400 * 200 => "%Y",
            step if step >= 86_400 || midnight => "%-d %b",
            step if step < 60 => "%H:%M:%S",
            _ => "%H:%M",
        };
        if time >= chart.range.start.offset(margin) {
            ticks.push((time, zone.show(time, pattern)));
        }
        time = time.offset(step);
    }
    ticks
}

#[cfg(test)]
mod tests {
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
    fn missing_time_breaks_the_line() {
        let drawn = draw(&chart(vec![(0, 1e6), (10, 2e6), (20, 1e6), (100, 1e6), (110, 2e6), (300, 3e6)]));
        let line = drawn.split("class=\"line c2\" d=\"M").last().unwrap().split('"').next().unwrap();
        assert_eq!(line.matches('M').count(), 1, "two runs, one of them begun before the split: {line}");
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
    fn axes_have_units_and_readable_marks() {
        let drawn = draw(&chart(vec![(0, 0.0), (10, 183e6), (20, 120e6)]));
        for label in [">0 ms<", ">100 ms<", ">200 ms<", ">00:02<"] {
            assert!(drawn.contains(label), "{label} in {drawn}");
        }
    }

    #[test]
    fn hostile_charts_are_survived() {
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
