//! Histograms reduced to what they gained per step.

use std::sync::Arc;

use model::{HistogramBuckets, HistogramStep, TagMatcher, Temporality, TimeRange, Timestamp};

use super::{bounds, buckets::look_back, histogram_sources::Sources, valid_step};
use crate::{
    Store, StoreError,
    dictionary::KnownSeries,
    histogram::{Counts, Point, Stretch, Told, gained},
    layout::PartitionSignal,
    partition::Whole,
};

impl Store {
    /// What each matching histogram gained per step (counted from the epoch).
    ///
    /// Cumulative points count from the point before, which may lie before the range, and from zero after
    /// a reset; delta points are summed; markers of a series' end are passed over. Exponential buckets are
    /// given explicit bounds. Summaries have no buckets: their count and sum are given, and the quantiles they told
    /// last in the step. Where only minutes or hours are left of the points, what was gained in one is told in the
    /// step of its first point.
    pub async fn read_histograms(
        &self,
        metric: &str,
        matchers: &[TagMatcher],
        range: TimeRange,
        step: i64,
    ) -> Result<Vec<HistogramBuckets>, StoreError> {
        let step = valid_step(range, step)?;
        let (metric, matchers) = (metric.to_owned(), matchers.to_vec());
        self.read(move |reader| {
            let mut series = reader.dictionary.select(&metric, &matchers)?;
            if series.is_empty() {
                return Ok(Vec::new());
            }
            series.sort_unstable_by_key(|series| series.id);
            let (start, end) = bounds(range);
            let from = start.saturating_sub(look_back(step));
            let layout = reader.layout()?;
            let bundles = layout.bundles(PartitionSignal::Histograms, from, end);
            let whole = Whole::new(start, end, step);
            let mut answer = Vec::new();
            for some in series.chunks(Sources::series_at_once(&bundles, from, end)) {
                let sources = Sources { reader, metric: &metric, series: some, from, end, whole };
                let mut gathering: Option<Gathering> = None;
                sources.each(&bundles, |series, part| {
                    if gathering.as_ref().is_none_or(|gathering| gathering.series.id != series.id) {
                        answer.extend(gathering.take().and_then(Gathering::finish));
                        gathering = Some(Gathering::new(Arc::clone(series), from, start, step));
                    }
                    if let Some(gathering) = &mut gathering {
                        gathering.add(part);
                    }
                })?;
                answer.extend(gathering.and_then(Gathering::finish));
            }
            answer.sort_by(|left, right| left.labels.cmp(&right.labels));
            Ok(answer)
        })
        .await
    }
}

/// What is read of a series, in order of time.
#[derive(Debug, Clone)]
pub(super) enum Part {
    /// A point.
    Point(Point),
    /// What the points of a minute or hour come to.
    Stretch(Stretch),
}

/// One series on its way to an answer.
struct Gathering {
    series: Arc<KnownSeries>,
    from: i64,
    start: i64,
    step: i64,
    previous: Option<Point>,
    /// Until when a minute or hour tells what there was.
    covered: Option<i64>,
    steps: Vec<(i64, Point)>,
}

impl Gathering {
    fn new(series: Arc<KnownSeries>, from: i64, start: i64, step: i64) -> Self {
        Self { series, from, start, step, previous: None, covered: None, steps: Vec::new() }
    }

    /// Takes what comes next. What lies in a stretch that is counted may be in it already and is passed over.
    fn add(&mut self, part: Part) {
        let covered = |time: i64| self.covered.is_some_and(|until| time <= until);
        match part {
            Part::Point(point) if !point.absent && !covered(point.time) => self.take(point),
            Part::Stretch(stretch) if !covered(stretch.first_time) => {
                self.covered = Some(stretch.last_time);
                self.take_stretch(stretch);
            }
            Part::Point(_) | Part::Stretch(_) => {}
        }
    }

    fn take_stretch(&mut self, stretch: Stretch) {
        let gain = stretch.gain();
        match stretch.told {
            Told::Sum(sum) => self.take(*sum),
            Told::Ends { first, last, .. } => {
                self.take(*first);
                if let Some(gain) = gain {
                    self.count(stretch.first_time, gain);
                }
                self.previous = Some(*last);
            }
        }
    }

    fn take(&mut self, point: Point) {
        let gain = if self.series.temporality == Temporality::Delta {
            Some(point.clone())
        } else {
            gained(&point, self.previous.as_ref(), self.from)
        };
        // A summary tells its quantiles anew with every point, whatever it gained.
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
