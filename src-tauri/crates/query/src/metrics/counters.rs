//! Rates and increases of counters, and classic histograms, whose buckets are counters.
//!
//! The definition is that of PromQL: see `extrapolation.rs`. A window that is too short for two
//! samples of a series looks back to the last two.

use std::collections::BTreeMap;

use model::{CounterBucket, CounterBuckets, Counting, Labels, SampleSpan, SeriesPoints, Timestamp};

use super::{
    classic::{self, LE},
    extrapolation::{extrapolate, is_covered},
    groups::{GroupPoints, Grouping, Groups, group_points, points},
    windowing::Window,
};

/// A window shorter than this many intervals of a series may have fewer than two samples.
const MIN_INTERVALS: i64 = 2;
/// The age of the last sample up to which a short window looks back, in intervals of the series.
const MAX_AGE: f64 = 1.5;

/// An increase over a window.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Increase {
    /// The increase by the definition of PromQL.
    pub(super) value: f64,
    /// The increase if it was everywhere as between the samples, gaps left out. Differs from
    /// `value` where samples do not cover the window.
    pub(super) observed: f64,
}

impl Increase {
    /// Returns an increase of which all was observed.
    pub(super) fn complete(value: f64) -> Self {
        Self { value, observed: value }
    }

    /// Adds the increase of another series.
    pub(super) fn add(&mut self, other: Self) {
        self.value += other.value;
        self.observed += other.observed;
    }
}

/// Returns the increases of each group, summed over its series, or per second of the windows.
pub(super) fn aggregate(
    series: &[CounterBuckets],
    grouping: &Grouping,
    per_second: bool,
) -> Vec<GroupPoints> {
    let mut groups: Groups<Increase> = BTreeMap::new();
    for one in series {
        let group = groups.entry(grouping.group(&one.labels)).or_default();
        for window in grouping.windowing.all() {
            if let Some(increase) = increase(one, window) {
                group.update(window.time, |total| total.add(increase));
            }
        }
    }
    let seconds = |time| if per_second { grouping.windowing.seconds(time) } else { 1.0 };
    group_points(groups, |time, increase| {
        Some((increase.value / seconds(time), Some(increase.observed / seconds(time))))
    })
}

/// Returns a quantile of classic histograms, whose series are their buckets.
pub(super) fn classic_quantile(
    series: &[CounterBuckets],
    grouping: &Grouping,
    quantile: f64,
) -> Vec<GroupPoints> {
    let mut groups: Groups<Vec<(f64, f64)>> = BTreeMap::new();
    for one in series {
        let Some(bound) = upper_bound(&one.labels) else { continue };
        let group = groups.entry(grouping.group(&one.labels)).or_default();
        for window in grouping.windowing.all() {
            if let Some(increase) = increase(one, window) {
                group.update(window.time, |buckets| buckets.push((bound, increase.value)));
            }
        }
    }
    group_points(groups, |_, buckets| Some((classic::quantile(quantile, buckets)?, None)))
}

/// Returns the increases of some counters divided by those of others, for each group; none where
/// these did not increase.
pub(super) fn ratio(
    dividends: &[CounterBuckets],
    divisors: &[CounterBuckets],
    grouping: &Grouping,
) -> Vec<GroupPoints> {
    let divisors: BTreeMap<(Labels, Timestamp), f64> = aggregate(divisors, grouping, false)
        .into_iter()
        .flat_map(|GroupPoints { points, .. }| {
            let SeriesPoints { labels, times, values } = points;
            times.into_iter().zip(values).map(move |(time, value)| ((labels.clone(), time), value))
        })
        .collect();
    let mut groups: Groups<f64> = BTreeMap::new();
    for GroupPoints { points, .. } in aggregate(dividends, grouping, false) {
        for (time, value) in points.times.into_iter().zip(points.values) {
            let divisor = divisors.get(&(points.labels.clone(), time));
            if let Some(divisor) = divisor.filter(|divisor| **divisor != 0.0) {
                groups.entry(points.labels.clone()).or_default().insert(time, value / divisor);
            }
        }
    }
    points(groups, Some)
}

fn upper_bound(labels: &Labels) -> Option<f64> {
    labels.get(LE)?.parse().ok().filter(|bound: &f64| !bound.is_nan())
}

/// Returns the increase of one series over a window; none with fewer than two samples.
fn increase(series: &CounterBuckets, window: Window) -> Option<Increase> {
    let (inside, next) = window.inside(&series.buckets, |bucket| &bucket.span);
    if series.counting == Counting::Deltas {
        return deltas(inside, next, window);
    }
    let at_end = next.filter(|next| next.span.first == window.range.end).map(CounterBucket::first_sample);
    let joined = inside.iter().chain(&at_end).copied().reduce(|mut total, later| {
        total.extend(&later);
        total
    });
    match joined.filter(|joined| joined.span.count > 1) {
        Some(joined) if is_undefined(&joined, series.counting) => Some(Increase::complete(f64::NAN)),
        Some(joined) => {
            let zero = (series.counting == Counting::Total).then_some(joined.first);
            let value = extrapolate(window.range, &joined.span, joined.increase, zero);
            let observed = if has_gaps(&joined.span, window, joined.increase, zero) {
                joined.steady_increase / joined.span.steady as f64 * window.range.length() as f64
            } else {
                value
            };
            Some(Increase { value, observed })
        }
        None => {
            let before = window.before(&series.buckets, |bucket| &bucket.span);
            let last = at_end.or_else(|| before.last().copied())?;
            let (increase, length) = latest(&last.span, window, last.gain, last.increase)?;
            let increase = if is_undefined(&last, series.counting) { f64::NAN } else { increase };
            Some(Increase::complete(increase / length * window.range.length() as f64))
        }
    }
}

/// Returns whether the increase is NaN in PromQL: an end is NaN, or infinities cancel out.
fn is_undefined(bucket: &CounterBucket, counting: Counting) -> bool {
    let change = bucket.last - bucket.first;
    let cancels = change.is_nan() || (counting == Counting::Total && bucket.first.is_infinite());
    bucket.last.is_nan() || (bucket.span.count > 1 && cancels)
}

/// Returns whether samples leave a part of the window unobserved.
pub(super) fn has_gaps(span: &SampleSpan, window: Window, increase: f64, zero: Option<f64>) -> bool {
    let is_whole = span.steady == span.last.since(span.first);
    span.steady > 0 && !(is_whole && is_covered(window.range, span, increase, zero))
}

/// Returns the latest of `gain` (before the first sample) and `increase` (between the samples), and
/// its length in nanoseconds, for a window that is too short for two samples.
///
/// None if the last sample is too old, the series ended, or a gap precedes the last sample.
pub(super) fn latest<T>(span: &SampleSpan, window: Window, gain: T, increase: T) -> Option<(T, f64)> {
    let is_short = window.range.length() < MIN_INTERVALS.saturating_mul(span.interval);
    let age = window.range.end.since(span.last) as f64;
    let has_ended = span.ended.is_some_and(|ended| ended <= window.range.end);
    if !is_short || has_ended || age > MAX_AGE * span.interval as f64 {
        return None;
    }
    if span.count > 1 {
        return Some((increase, span.last.since(span.first) as f64));
    }
    let previous = span.previous.filter(|_| !span.is_after_gap)?;
    Some((gain, span.first.since(previous) as f64))
}

/// Returns the sum of deltas over a window; none without any. What they do not cover of the window
/// is not observed: the sender paused, or has yet to send its latest delta.
///
/// Deltas with a start time are spread evenly since then. So a sender that paused, and then sends
/// what happened meanwhile, shows no peak.
fn deltas(inside: &[CounterBucket], next: Option<&CounterBucket>, window: Window) -> Option<Increase> {
    let (start, end) = (window.range.start, window.range.end);
    let mut sum = inside.iter().map(|bucket| bucket.increase).sum::<f64>();
    if let Some(first) = inside.first() {
        sum -= share(first, Timestamp(i64::MIN), start);
    }
    let of_next = next.map_or(0.0, |next| share(next, start, end));
    let value = (!inside.is_empty() || of_next != 0.0).then_some(sum + of_next)?;
    let interval = inside.last().map_or(0, |bucket| bucket.span.interval);
    let in_window = |from: Timestamp, to: Timestamp| to.min(end).since(from.max(start)).max(0);
    let covered = inside.iter().map(|CounterBucket { span, .. }| {
        let since = covered_since(span, interval);
        // Without a start the whole delta counts in the window that has its time.
        let of_first =
            if span.start.is_some() { in_window(since, span.first) } else { span.first.since(since) };
        of_first.saturating_add(span.steady)
    });
    let of_next = next.and_then(|next| Some(in_window(next.span.start?, next.span.first)));
    let covered = covered.sum::<i64>().saturating_add(of_next.unwrap_or_default()) as f64;
    // A delta at the start of the window counts before it.
    if covered == 0.0 && inside.iter().all(|bucket| bucket.span.start.is_some()) {
        return None;
    }
    let length = window.range.length() as f64;
    let observed = if covered > 0.0 && covered < length { value / covered * length } else { value };
    Some(Increase { value, observed })
}

/// Returns the time since which the first delta of a bucket counts: the start that was sent, or
/// else the delta before. After a gap, or without one before, it is one usual distance.
fn covered_since(span: &SampleSpan, interval: i64) -> Timestamp {
    match (span.start.max(span.start.and(span.previous)), span.previous) {
        (Some(start), _) => start,
        (None, Some(previous)) if !span.is_after_gap => previous,
        _ => span.first.offset(-interval),
    }
}

/// Returns the part of the first delta of a bucket that is between two times before it.
fn share(bucket: &CounterBucket, from: Timestamp, to: Timestamp) -> f64 {
    let span = &bucket.span;
    if span.start.is_none() {
        return 0.0;
    }
    let start = covered_since(span, span.interval);
    let (whole, part) = (span.first.since(start), to.min(span.first).since(from.max(start)));
    if whole > 0 && part > 0 { bucket.first * (part as f64 / whole as f64) } else { 0.0 }
}
