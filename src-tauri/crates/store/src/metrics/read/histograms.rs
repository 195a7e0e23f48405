//! Histograms reduced to their measurements per step.

use std::sync::Arc;

use model::{
    HistogramBuckets, HistogramCounts, HistogramStep, SampleSpan, Temporality, TimeRange, Timestamp,
};

use super::{
    cadence::{SpanTracker, StepBounds, StepKey},
    counters::look_back,
    histogram_sources::{HistogramPart, HistogramSources},
    rollup_range::RollupRange,
};
use crate::{
    StoreError,
    catalog::series::SeriesEntry,
    metrics::histogram::{
        point::{Counts, Point, gained},
        rollup::{HistogramInterval, IntervalContent},
    },
    read::{limits::bounds, reader::Reader},
    segment::signal::SegmentSignal,
};

/// Reads the measurements of histograms per step.
pub(super) fn read_histograms(
    reader: &Reader,
    series: &[Arc<SeriesEntry>],
    range: TimeRange,
    step: i64,
) -> Result<Vec<HistogramBuckets>, StoreError> {
    if series.is_empty() {
        return Ok(Vec::new());
    }
    let (start, end) = bounds(range);
    let from = start.saturating_sub(look_back(step));
    // A point at the end of the last window is in the window.
    let to = end.saturating_add(1);
    let groups = reader.manifest()?.part_groups(SegmentSignal::Histograms, from, to);
    let whole = RollupRange::new(start, end, step);
    let bounds = StepBounds { start, end, step };
    let mut answer = Vec::new();
    for batch in series.chunks(HistogramSources::series_per_batch(&groups, from, to)) {
        let sources = HistogramSources { reader, series: batch, from, end: to, whole };
        let mut steps: Vec<HistogramSteps> = Vec::new();
        sources.each(&groups, |series, part| {
            if steps.last().is_none_or(|steps| steps.series.id != series.id) {
                steps.push(HistogramSteps::new(Arc::clone(series), bounds));
            }
            if let Some(steps) = steps.last_mut() {
                steps.add(part);
            }
        })?;
        for steps in steps {
            answer.extend(steps.finish()?);
        }
    }
    answer.sort_by(|left, right| left.labels.cmp(&right.labels));
    Ok(answer)
}

/// The steps of one series.
struct HistogramSteps {
    series: Arc<SeriesEntry>,
    is_delta: bool,
    bounds: StepBounds,
    previous: Option<Point>,
    spans: SpanTracker,
    /// Time of the last point of the latest interval.
    covered: Option<i64>,
    key: Option<StepKey>,
    steps: Vec<Step>,
}

/// The points of one step.
struct Step {
    span: SampleSpan,
    first: Point,
    gain: Option<Point>,
    increase: Option<Point>,
    steady_count: f64,
    quantiles: Vec<(f64, f64)>,
}

impl Step {
    fn extend(&mut self, later: Self) {
        if !later.span.is_after_gap {
            self.steady_count += later.gain.as_ref().map_or(0.0, |gain| gain.count);
        }
        self.steady_count += later.steady_count;
        for more in [later.gain, later.increase].into_iter().flatten() {
            match &mut self.increase {
                Some(total) => total.add(&more),
                none => *none = Some(more),
            }
        }
        self.span.extend(&later.span);
        self.quantiles = later.quantiles;
    }
}

impl HistogramSteps {
    fn new(series: Arc<SeriesEntry>, bounds: StepBounds) -> Self {
        let is_delta = series.temporality == Temporality::Delta;
        let (previous, spans, covered, key) = (None, SpanTracker::default(), None, None);
        Self { series, is_delta, bounds, previous, spans, covered, key, steps: Vec::new() }
    }

    /// Adds the next part in order of time. An interval may already include overlapping parts;
    /// these are skipped.
    fn add(&mut self, part: HistogramPart) {
        let covered = |time: i64| self.covered.is_some_and(|until| time <= until);
        match part {
            HistogramPart::Point(point) if covered(point.time) => {}
            HistogramPart::Point(point) if point.absent => self.end(point.time),
            HistogramPart::Point(point) => {
                let increase = self.is_delta.then(|| point.clone());
                self.add_points(point.clone(), point, 1, increase);
            }
            HistogramPart::Interval(interval) if !covered(interval.first_time) => {
                self.covered = Some(interval.last_time);
                let HistogramInterval { first_time, last_time, points, .. } = interval;
                let gain = interval.gain();
                match interval.content {
                    IntervalContent::Sum(sum) => {
                        let [first, last] =
                            [first_time, last_time].map(|time| Point { time, ..*sum.clone() });
                        self.add_points(first, last, points, Some(*sum));
                    }
                    IntervalContent::Ends { first, last, .. } => self.add_points(*first, *last, points, gain),
                }
            }
            HistogramPart::Interval(_) => {}
        }
    }

    /// Adds points with the measurements between the first and the last of them.
    fn add_points(&mut self, first: Point, last: Point, count: u64, increase: Option<Point>) {
        let gain = match &self.previous {
            Some(previous) if !self.is_delta => Some(gained(&first, previous)),
            _ => None,
        };
        let span = self.spans.add(first.time, last.time, count, first.start_time);
        let key = self.bounds.key(first.time);
        let steady_count = increase.as_ref().map_or(0.0, |increase| increase.count);
        let step = Step { span, first, gain, increase, steady_count, quantiles: last.quantiles.clone() };
        match self.steps.last_mut().filter(|_| self.key == Some(key)) {
            Some(total) => total.extend(step),
            None => self.steps.push(step),
        }
        self.key = Some(key);
        self.previous = Some(last);
    }

    fn end(&mut self, time: i64) {
        self.spans.end();
        if let Some(last) = self.steps.last_mut() {
            last.span.ended = Some(Timestamp(time));
        }
    }

    fn finish(self) -> Result<Option<HistogramBuckets>, StoreError> {
        if self.steps.is_empty() {
            return Ok(None);
        }
        let is_delta = self.is_delta;
        let steps = self.steps.into_iter().map(|step| {
            let extreme = |of: fn(&Point) -> Option<f64>| step.increase.as_ref().and_then(of);
            let (min, max) = (extreme(|point| point.min), extreme(|point| point.max));
            let first = match &step.first.counts {
                Counts::Explicit(..) if !is_delta => counts(step.first),
                _ => HistogramCounts { count: step.first.count, sum: step.first.sum, ..Default::default() },
            };
            HistogramStep {
                span: step.span,
                first,
                gain: step.gain.map(counts).unwrap_or_default(),
                increase: step.increase.map(counts).unwrap_or_default(),
                steady_count: step.steady_count,
                min,
                max,
                quantiles: step.quantiles,
            }
        });
        Ok(Some(HistogramBuckets {
            labels: self.series.labels()?,
            unit: self.series.unit.to_string(),
            is_delta,
            steps: steps.collect(),
        }))
    }
}

/// Returns the counts of a point with explicit bounds.
fn counts(point: Point) -> HistogramCounts {
    let (bounds, counts) = match point.counts {
        Counts::Explicit(bounds, counts) if counts.is_empty() => (bounds, vec![point.count]),
        Counts::Explicit(bounds, counts) => (bounds, counts),
        Counts::Exponential(sparse) => sparse.explicit(),
    };
    HistogramCounts { count: point.count, sum: point.sum, bounds, counts }
}
