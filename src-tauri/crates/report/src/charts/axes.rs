//! The axes of a chart: the positions of values and times, and the ticks.

use analysis::figures::Scale;
use model::{NANOS_PER_SECOND, TimeRange, Timestamp};

use super::chart::Chart;
use crate::time_format::Zone;

/// Margin left of the plot, in units of the drawing.
pub(super) const LEFT: f64 = 58.0;
/// Margin right of the plot.
pub(super) const RIGHT: f64 = 6.0;
/// Margin above the plot.
pub(super) const TOP: f64 = 8.0;
/// Margin below the plot.
const BOTTOM: f64 = 20.0;

/// The scales of a chart.
pub(super) struct Axes {
    low: f64,
    high: f64,
    /// The y coordinate of the time axis.
    pub(super) bottom: f64,
    plot_width: f64,
    /// Values and labels of the ticks of the y axis.
    pub(super) ticks: Vec<(f64, String)>,
    /// True if the chart has no value.
    pub(super) empty: bool,
}

impl Axes {
    /// Returns the axes of a chart.
    pub(super) fn of(chart: &Chart) -> Self {
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
            empty,
        }
    }

    /// Returns the x coordinate of a time.
    pub(super) fn x(&self, chart: &Chart, time: Timestamp) -> f64 {
        let share = time.since(chart.range.start) as f64 / (chart.range.length().max(1)) as f64;
        LEFT + share.clamp(0.0, 1.0) * self.plot_width
    }

    /// Returns the y coordinate of a value.
    pub(super) fn y(&self, value: f64) -> f64 {
        let share = ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        self.bottom - if share.is_finite() { share } else { 0.0 } * (self.bottom - TOP)
    }

    /// Returns the x coordinates of a range's ends.
    pub(super) fn extent(&self, chart: &Chart, range: TimeRange) -> (f64, f64) {
        (self.x(chart, range.start), self.x(chart, range.end))
    }
}

/// Returns the smallest of 1, 2, 2.5 and 5 times a power of ten that is at least `min`.
fn readable_step(min: f64) -> f64 {
    if !(min.is_finite() && min > 0.0) {
        return 1.0;
    }
    let power = 10_f64.powf(min.log10().floor());
    [1.0, 2.0, 2.5, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|step| *step >= min * 0.999)
        .unwrap_or(10.0 * power)
}

/// Returns the times and labels of the ticks of the time axis, in the zone of the chart.
pub(super) fn time_ticks(chart: &Chart) -> Vec<(Timestamp, String)> {
    const STEPS: [i64; 24] = [
        1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400,
        172_800, 604_800, 1_209_600, 2_592_000, 7_776_000, 31_536_000,
    ];
    let zone = Zone::minutes_east(chart.utc_offset_minutes);
    let max_ticks = ((chart.width - LEFT) / 70.0).max(1.0);
    let min_seconds = chart.range.length() as f64 / NANOS_PER_SECOND as f64 / max_ticks;
    let seconds = STEPS.into_iter().find(|step| *step as f64 >= min_seconds).unwrap_or(STEPS[23] * 20);
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
            ticks.push((time, zone.format(time, pattern)));
        }
        time = time.offset(step);
    }
    ticks
}
