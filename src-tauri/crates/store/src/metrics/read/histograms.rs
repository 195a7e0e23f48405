//! Histograms downsampled to their increase per step.

use std::sync::Arc;

use model::{HistogramBuckets, HistogramStep, Temporality, TimeRange, Timestamp};

use super::{
    buckets::look_back,
    histogram_sources::{HistogramPart, HistogramSources},
    rollup_range::RollupRange,
};
use crate::{
    StoreError,
    catalog::series::SeriesEntry,
    metrics::histogram::{
        point::{Counts, Point, increase},
        rollup::{HistogramInterval, IntervalContent},
    },
    read::{limits::bounds, reader::Reader},
    segment::signal::SegmentSignal,
};

/// Reads the increase of histograms per step.
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
    let groups = reader.manifest()?.part_groups(SegmentSignal::Histograms, from, end);
    let whole = RollupRange::new(start, end, step);
    let mut answer = Vec::new();
    for batch in series.chunks(HistogramSources::series_per_batch(&groups, from, end)) {
        let sources = HistogramSources { reader, series: batch, from, end, whole };
        let mut steps: Option<HistogramSteps> = None;
        sources.each(&groups, |series, part| {
            if steps.as_ref().is_none_or(|steps| steps.series.id != series.id) {
                answer.extend(steps.take().and_then(HistogramSteps::finish));
                steps = Some(HistogramSteps::new(Arc::clone(series), from, start, step));
            }
            if let Some(steps) = &mut steps {
                steps.add(part);
            }
        })?;
        answer.extend(steps.and_then(HistogramSteps::finish));
    }
    answer.sort_by(|left, right| left.labels.cmp(&right.labels));
    Ok(answer)
}

/// The steps of one series.
struct HistogramSteps {
    series: Arc<SeriesEntry>,
    from: i64,
    start: i64,
    step: i64,
    previous: Option<Point>,
    /// Time of the last point of the latest interval.
    covered: Option<i64>,
    steps: Vec<(i64, Point)>,
}

impl HistogramSteps {
    fn new(series: Arc<SeriesEntry>, from: i64, start: i64, step: i64) -> Self {
        Self { series, from, start, step, previous: None, covered: None, steps: Vec::new() }
    }

    /// Adds the next part in order of time. An interval may already include overlapping parts;
    /// these are skipped.
    fn add(&mut self, part: HistogramPart) {
        let covered = |time: i64| self.covered.is_some_and(|until| time <= until);
        match part {
            HistogramPart::Point(point) if !point.absent && !covered(point.time) => self.add_point(point),
            HistogramPart::Interval(interval) if !covered(interval.first_time) => {
                self.covered = Some(interval.last_time);
                self.add_interval(interval);
            }
            HistogramPart::Point(_) | HistogramPart::Interval(_) => {}
        }
    }

    fn add_interval(&mut self, interval: HistogramInterval) {
        let (gain, first_time) = (interval.gain(), interval.first_time);
        match interval.content {
            IntervalContent::Sum(sum) => self.add_point(*sum),
            IntervalContent::Ends { first, last, .. } => {
                self.add_point(*first);
                if let Some(gain) = gain {
                    self.count(first_time, gain);
                }
                self.previous = Some(*last);
            }
        }
    }

    fn add_point(&mut self, point: Point) {
        let gain = if self.series.temporality == Temporality::Delta {
            Some(point.clone())
        } else {
            increase(&point, self.previous.as_ref(), self.from)
        };
        // Each point of a summary has current quantiles, whatever it gained.
        let gain = gain.or_else(|| (!point.quantiles.is_empty()).then(|| point.without_gain()));
        if let Some(gain) = gain {
            self.count(point.time, gain);
        }
        self.previous = Some(point);
    }

    fn count(&mut self, time: i64, gain: Point) {
        if time < self.start {
            return;
        }
        let step = Timestamp(time).floor(self.step).0;
        match self.steps.last_mut() {
            Some((last, total)) if *last == step => total.add(&gain),
            _ => self.steps.push((step, gain)),
        }
    }

    fn finish(self) -> Option<HistogramBuckets> {
        if self.steps.is_empty() {
            return None;
        }
        let steps = self.steps.into_iter().map(|(time, total)| {
            let (bounds, counts) = match total.counts {
                Counts::Explicit(bounds, counts) if counts.is_empty() => (bounds, vec![total.count]),
                Counts::Explicit(bounds, counts) => (bounds, counts),
                Counts::Exponential(sparse) => sparse.explicit(),
            };
            HistogramStep {
                time: Timestamp(time),
                count: total.count,
                sum: total.sum,
                min: total.min,
                max: total.max,
                bounds,
                counts,
                quantiles: total.quantiles,
            }
        });
        Some(HistogramBuckets {
            labels: self.series.labels(),
            unit: self.series.unit.to_string(),
            steps: steps.collect(),
        })
    }
}
