//! The measurements of one histogram or summary in one window.

use model::{HistogramBuckets, HistogramCounts, HistogramStep, SampleSpan};

use super::{
    counters::{Increase, has_gaps, latest},
    distribution::Distribution,
    extrapolation::extrapolate,
    windowing::Window,
};

/// The measurements of a window.
pub(super) struct Measured {
    /// Their number, sum and distribution; none with fewer than two cumulative points.
    pub(super) counts: Option<(Increase, Increase, Distribution)>,
    pub(super) min: Option<f64>,
    pub(super) max: Option<f64>,
    /// The latest quantiles of a summary.
    pub(super) quantiles: Vec<(f64, f64)>,
}

/// Returns the measurements of a histogram in a window; none without points.
pub(super) fn measured(series: &HistogramBuckets, window: Window) -> Option<Measured> {
    let (inside, next) = window.inside(&series.steps, |step| &step.span);
    let quantiles = inside.last().map(|step| step.quantiles.clone()).unwrap_or_default();
    let extreme = |of: fn(&HistogramStep) -> Option<f64>, best: fn(f64, f64) -> f64| {
        inside.iter().filter_map(of).reduce(best)
    };
    let (min, max) = (extreme(|step| step.min, f64::min), extreme(|step| step.max, f64::max));
    let counts = if series.is_delta {
        let parts: Vec<_> = inside.iter().map(|step| &step.increase).collect();
        let parts = Parts { window, span: None, first: None, parts, min, max };
        (!inside.is_empty()).then(|| parts.measured(0.0))
    } else {
        let at_end = next.filter(|next| next.span.first == window.range.end);
        cumulative(inside, at_end, window).or_else(|| {
            let last = at_end.or_else(|| window.before(&series.steps, |step| &step.span).last())?;
            let span = if at_end.is_some() { last.span.first_sample() } else { last.span };
            let (counts, length) = latest(&span, window, &last.gain, &last.increase)?;
            Some(scaled(counts, window.range.length() as f64 / length))
        })
    };
    (counts.is_some() || !quantiles.is_empty()).then_some(Measured { counts, min, max, quantiles })
}

fn cumulative(
    inside: &[HistogramStep],
    at_end: Option<&HistogramStep>,
    window: Window,
) -> Option<(Increase, Increase, Distribution)> {
    let (first, later) = inside.split_first()?;
    let mut span = first.span;
    let mut steady_count = first.steady_count;
    let mut parts = vec![&first.increase];
    for step in later {
        steady_count += step.steady_count + if step.span.is_after_gap { 0.0 } else { step.gain.count };
        span.extend(&step.span);
        parts.extend([&step.gain, &step.increase]);
    }
    if let Some(last) = at_end {
        steady_count += if last.span.is_after_gap { 0.0 } else { last.gain.count };
        span.extend(&last.span.first_sample());
        parts.push(&last.gain);
    }
    let first = Some(&first.first);
    let parts = Parts { window, span: Some(span), first, parts, min: None, max: None };
    (span.count > 1).then(|| parts.measured(steady_count))
}

/// The measurements between points, which add up to those of a window.
struct Parts<'step> {
    window: Window,
    /// None for delta histograms.
    span: Option<SampleSpan>,
    /// Totals of the first point, for cumulative histograms.
    first: Option<&'step HistogramCounts>,
    parts: Vec<&'step HistogramCounts>,
    min: Option<f64>,
    max: Option<f64>,
}

impl Parts<'_> {
    fn measured(&self, steady_count: f64) -> (Increase, Increase, Distribution) {
        let total = |of: fn(&HistogramCounts) -> f64| self.parts.iter().map(|part| of(part)).sum::<f64>();
        let of_first = |of: fn(&HistogramCounts) -> f64| self.first.map(of);
        let gained = total(|part| part.count);
        let value = self.extrapolated(gained, of_first(|first| first.count));
        let observed = match self.span {
            Some(span) if has_gaps(&span, self.window, gained, of_first(|first| first.count)) => {
                steady_count / span.steady as f64 * self.window.range.length() as f64
            }
            _ => value,
        };
        let sum = self.extrapolated(total(|part| part.sum), of_first(|first| first.sum));
        (Increase { value, observed }, Increase::complete(sum), self.distribution(gained, value))
    }

    /// Returns the increase over the window. Delta histograms have it already.
    fn extrapolated(&self, increase: f64, first: Option<f64>) -> f64 {
        self.span.map_or(increase, |span| extrapolate(self.window.range, &span, increase, first))
    }

    /// Returns the distribution of the measurements, whose number is `gained` between the points
    /// and `extrapolated` in the window.
    ///
    /// The buckets of Prometheus are counters of their own, and each is extrapolated as such.
    fn distribution(&self, gained: f64, extrapolated: f64) -> Distribution {
        let mut filled = self.parts.iter().filter(|part| part.counts.iter().any(|count| *count > 0.0));
        let Some(one) = filled.next() else { return Distribution::default() };
        let is_same =
            |other: &HistogramCounts| other.bounds == one.bounds && other.counts.len() == one.counts.len();
        let factor = if gained > 0.0 { extrapolated / gained } else { 1.0 };
        if !filled.clone().all(|part| is_same(part)) {
            let each = self.parts.iter().map(|part| self.spread(part, factor));
            return Distribution::merge(&each.collect::<Vec<_>>());
        }
        let mut counts = one.counts.clone();
        for part in filled {
            counts.iter_mut().zip(&part.counts).for_each(|(total, count)| *total += count);
        }
        match self.first.filter(|first| is_same(first)) {
            Some(first) => {
                let (mut increase, mut before, mut below) = (0.0, 0.0, 0.0_f64);
                for (count, total) in counts.iter_mut().zip(&first.counts) {
                    increase += *count;
                    before += total;
                    let cumulated = self.extrapolated(increase, Some(before)).max(below);
                    *count = cumulated - below;
                    below = cumulated;
                }
            }
            None => counts.iter_mut().for_each(|count| *count *= factor),
        }
        Distribution::of(&one.bounds, &counts, self.min, self.max)
    }

    fn spread(&self, part: &HistogramCounts, factor: f64) -> Distribution {
        let counts: Vec<f64> = part.counts.iter().map(|count| count * factor).collect();
        Distribution::of(&part.bounds, &counts, self.min, self.max)
    }
}

fn scaled(part: &HistogramCounts, factor: f64) -> (Increase, Increase, Distribution) {
    let counts: Vec<f64> = part.counts.iter().map(|count| count * factor).collect();
    (
        Increase::complete(part.count * factor),
        Increase::complete(part.sum * factor),
        Distribution::of(&part.bounds, &counts, None, None),
    )
}
