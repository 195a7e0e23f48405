//! Counters reduced to steps, as rates need them.

use std::{collections::HashSet, sync::Arc};

use model::{CounterBucket, CounterBuckets, Counting, TimeRange, Timestamp};

use super::{
    cadence::{SpanTracker, StepBounds, StepKey},
    clock_jumps::{ClockJumps, CounterSink, LaterPass},
    merged_series::SampleSink,
    rollup_range::RollupRange,
    rollup_read::merge_series,
    series_batches::for_each_batch,
    series_labels::SeriesLabels,
};
use crate::{
    StoreError,
    catalog::series::SeriesEntry,
    metrics::{
        recent::RecentSamples,
        rollup::interval::{Aggregate, IncreaseRule, Interval},
        selection::SeriesSelection,
    },
    read::{limits::bounds, reader::Reader},
};

/// The look-back of series with few samples in a range, at least.
const MIN_LOOK_BACK: i64 = 600 * 1_000_000_000;
/// The look-back, at most.
const MAX_LOOK_BACK: i64 = 6 * 3600 * 1_000_000_000;

/// Returns how far before a range samples are searched, for series with too few of them in it.
pub(crate) fn look_back(step: i64) -> i64 {
    step.saturating_mul(3).clamp(MIN_LOOK_BACK, MAX_LOOK_BACK)
}

/// Reads counters with the samples of a range, including one at its end. The gauges among the
/// series count too. Of series with too few samples in the first step, some before it are returned.
pub(super) fn read_counters(
    reader: &Reader,
    series: &[Arc<SeriesEntry>],
    range: TimeRange,
    step: i64,
    labels: &SeriesLabels,
) -> Result<Vec<CounterBuckets>, StoreError> {
    let (start, end) = bounds(range);
    let steps = StepBounds { start, end, step };
    let mut found: Vec<CounterBuckets> = Vec::new();
    let mut complete: HashSet<u64> = HashSet::new();
    read_from(reader, series, steps, start, labels, |series, buckets| {
        if has_enough(&buckets.buckets, steps) {
            complete.insert(series.id);
            found.push(buckets);
        }
    })?;
    let few: Vec<_> = series.iter().filter(|series| !complete.contains(&series.id)).cloned().collect();
    found.extend(read_few_counters(reader, &few, range, step, labels)?);
    labels.sort(&mut found, |buckets| &buckets.labels);
    Ok(found)
}

/// Reads counters that have few samples in a range, with some before it.
pub(super) fn read_few_counters(
    reader: &Reader,
    series: &[Arc<SeriesEntry>],
    range: TimeRange,
    step: i64,
    labels: &SeriesLabels,
) -> Result<Vec<CounterBuckets>, StoreError> {
    let (start, end) = bounds(range);
    let steps = StepBounds { start, end, step };
    let mut found = Vec::new();
    let from = start.saturating_sub(look_back(step));
    read_from(reader, series, steps, from, labels, |_, buckets| found.push(buckets))?;
    Ok(found)
}

/// Returns whether the first step has so many samples that those before it are not needed. A step
/// that is not shorter than the range is one window.
fn has_enough(buckets: &[CounterBucket], steps: StepBounds) -> bool {
    let until = if steps.step >= steps.end.saturating_sub(steps.start) {
        steps.end
    } else {
        Timestamp(steps.start).floor(steps.step).0.saturating_add(steps.step)
    };
    let first = &buckets[..buckets.partition_point(|bucket| bucket.span.first.0 < until)];
    let count: u64 = first.iter().map(|bucket| bucket.span.count).sum();
    count > 1
        && first.last().is_some_and(|last| last.span.last.0 < until && last.span.interval < steps.step / 2)
}

fn read_from(
    reader: &Reader,
    series: &[Arc<SeriesEntry>],
    steps: StepBounds,
    from: i64,
    labels: &SeriesLabels,
    mut take: impl FnMut(&Arc<SeriesEntry>, CounterBuckets),
) -> Result<(), StoreError> {
    let whole = RollupRange::new(steps.start, steps.end, steps.step);
    // A sample at the end of the last window is in the window.
    let to = steps.end.saturating_add(1);
    let jumps = ClockJumps::read(reader, from, to)?;
    let read =
        |selection: SeriesSelection<'_>| merge_series(reader, reader.manifest()?, selection, from, to, whole);
    for_each_batch(reader, series, from, to, read, |series, merged| {
        let mut counter = CounterSteps::of(series, steps);
        let mut sink = counter.sink(&jumps);
        merged.downsample(&mut sink);
        sink.finish();
        counter.finish(series, labels)?.into_iter().for_each(|buckets| take(series, buckets));
        Ok(())
    })
}

/// Computes counters from shared samples, as [`read_counters`] does. Returns the series that need
/// samples before the shared ones, too.
pub(super) fn recent_counters(
    recent: &RecentSamples,
    series: &[Arc<SeriesEntry>],
    range: TimeRange,
    step: i64,
    labels: &SeriesLabels,
) -> Result<(Vec<CounterBuckets>, Vec<Arc<SeriesEntry>>), StoreError> {
    let (start, end) = bounds(range);
    let steps = StepBounds { start, end, step };
    let (mut found, mut few) = (Vec::with_capacity(series.len()), Vec::new());
    for series in series {
        match recent_counter(recent, series, start, steps, labels)? {
            Some(buckets) if has_enough(&buckets.buckets, steps) => found.push(buckets),
            _ => few.push(Arc::clone(series)),
        }
    }
    Ok((found, few))
}

/// Computes counters that have few samples in a range with some before it, from the shared samples
/// or from those `before` them.
pub(super) fn recent_few_counters(
    recent: &RecentSamples,
    before: &RecentSamples,
    series: &[Arc<SeriesEntry>],
    range: TimeRange,
    step: i64,
    labels: &SeriesLabels,
) -> Result<Vec<CounterBuckets>, StoreError> {
    let (start, end) = bounds(range);
    let from = start.saturating_sub(look_back(step));
    let steps = StepBounds { start, end, step };
    let counter = |series: &Arc<SeriesEntry>| {
        let samples = if recent.has_few(series.id) { before } else { recent };
        recent_counter(samples, series, from, steps, labels).transpose()
    };
    series.iter().filter_map(counter).collect()
}

fn recent_counter(
    recent: &RecentSamples,
    series: &SeriesEntry,
    from: i64,
    steps: StepBounds,
    labels: &SeriesLabels,
) -> Result<Option<CounterBuckets>, StoreError> {
    let mut counter = CounterSteps::of(series, steps);
    let to = steps.end.saturating_add(1);
    let mut sink = counter.sink(recent.clock_jumps());
    recent.pass(series, from, to, &mut sink);
    sink.finish();
    counter.finish(series, labels)
}

/// Aggregates the samples of one counter by steps.
struct CounterSteps {
    rule: IncreaseRule,
    steps: StepBounds,
    before: Option<Aggregate>,
    spans: SpanTracker,
    key: Option<StepKey>,
    buckets: Vec<CounterBucket>,
}

impl CounterSteps {
    fn of(series: &SeriesEntry, steps: StepBounds) -> Self {
        let rule = match IncreaseRule::of(series) {
            IncreaseRule::None => IncreaseRule::Change,
            rule => rule,
        };
        let (before, spans, key) = (None, SpanTracker::default(), None);
        Self { rule, steps, before, spans, key, buckets: Vec::new() }
    }

    /// Returns the sink for the samples. Only those of a total seem to be reset by a jump.
    fn sink<'a>(&'a mut self, jumps: &'a ClockJumps) -> LaterPass<'a, Self> {
        LaterPass::new(if self.rule == IncreaseRule::Total { jumps.all() } else { &[] }, self)
    }

    /// Returns the steps of the series, unless there are none.
    fn finish(
        self,
        series: &SeriesEntry,
        labels: &SeriesLabels,
    ) -> Result<Option<CounterBuckets>, StoreError> {
        if self.buckets.is_empty() {
            return Ok(None);
        }
        let (labels, unit) = (labels.of(series)?, series.unit.to_string());
        Ok(Some(CounterBuckets { labels, unit, counting: self.rule.counting(), buckets: self.buckets }))
    }

    fn add(&mut self, aggregate: Aggregate) {
        let Aggregate { first_time, last_time, count, start_time, first, last, .. } = aggregate;
        let (gain, increase) = match (self.rule, &self.before) {
            (IncreaseRule::Deltas, _) => (0.0, aggregate.sum),
            (rule, Some(before)) => (aggregate.gain(rule, before), aggregate.increase),
            (_, None) => (0.0, aggregate.increase),
        };
        let mut span = self.spans.add(first_time, last_time, count, start_time);
        // A delta that counts since the one before leaves no gap.
        let is_continued = start_time.is_some_and(|start| span.previous.is_some_and(|end| start <= end.0));
        span.is_after_gap &= !(self.rule == IncreaseRule::Deltas && is_continued);
        let bucket = CounterBucket { span, first, last, gain, increase, steady_increase: increase };
        let key = self.steps.key(first_time);
        match self.buckets.last_mut().filter(|_| self.key == Some(key)) {
            Some(total) => total.extend(&bucket),
            None => self.buckets.push(bucket),
        }
        self.key = Some(key);
        Aggregate::follow(&mut self.before, aggregate);
    }

    fn end(&mut self, time: i64) {
        self.spans.end();
        if let Some(last) = self.buckets.last_mut() {
            last.span.ended = Some(Timestamp(time));
        }
    }
}

impl SampleSink for CounterSteps {
    fn add_sample(&mut self, time: i64, start_time: Option<i64>, value: f64) {
        if model::is_stale(value) {
            self.end(time);
        } else {
            self.add(Aggregate::sample(time, start_time, value));
        }
    }

    fn add_interval(&mut self, interval: &Interval) {
        if let Some(mut aggregate) = interval.aggregate {
            let change = aggregate.change();
            match self.rule {
                // Roll-ups of gauges have no increase. A fall within the interval is not detected.
                IncreaseRule::Change => aggregate.increase = change,
                IncreaseRule::Total if aggregate.increase == 0.0 => {
                    aggregate.increase = if change >= 0.0 { change } else { aggregate.last_number };
                }
                _ => {}
            }
            self.add(aggregate);
        }
        if interval.ended {
            self.end(interval.last_time().saturating_add(1));
        }
    }
}

impl CounterSink for CounterSteps {
    fn begin_anew(&mut self) {
        self.spans.end();
        self.before = None;
    }
}

impl IncreaseRule {
    fn counting(self) -> Counting {
        match self {
            Self::Total => Counting::Total,
            Self::Deltas => Counting::Deltas,
            Self::None | Self::UpAndDown | Self::Change => Counting::UpAndDown,
        }
    }
}
