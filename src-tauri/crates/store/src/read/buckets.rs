//! Samples, raw and reduced to steps.

use std::{cmp::Reverse, collections::HashMap, sync::Arc};

use model::{
    MetricKind, SamplesRequest, SeriesBuckets, SeriesPoints, TagMatcher, Temporality, TimeRange, Timestamp,
};

use super::{MOST_ROWS, bounds, valid_step};
use crate::{
    Store, StoreError,
    dictionary::KnownSeries,
    layout::{Layout, PartitionSignal},
    partition::{Points, Sequence, Wanted, Whole, gather, sequences},
    reader::Reader,
    reduce::{Counting, Reduction},
};

/// A counter's previous sample is looked for this far back, at least.
const LOOK_BACK: i64 = 600 * 1_000_000_000;
/// And this far, at most.
const MOST_LOOK_BACK: i64 = 6 * 3600 * 1_000_000_000;
/// Points that are held in memory at a time, about.
const POINTS_AT_ONCE: u64 = 2 << 20;
/// Points a series is thought to have in a head.
const POINTS_IN_HEAD: u64 = 1000;

/// How far before a range the sample is looked for that the first increase counts from.
pub(super) fn look_back(step: i64) -> i64 {
    step.saturating_mul(3).clamp(LOOK_BACK, MOST_LOOK_BACK)
}

impl Store {
    /// Samples as they were written, each series in time order and each time once. If there are more than the
    /// limit, the newest are given.
    pub async fn read_samples(&self, request: &SamplesRequest) -> Result<Vec<SeriesPoints>, StoreError> {
        let request = request.clone();
        self.read(move |reader| {
            let series = reader.dictionary.select(&request.metric, &request.matchers)?;
            let limit = request.limit.min(MOST_ROWS * 10) as usize;
            let (start, end) = bounds(request.range);
            let mut newest = Newest { limit, rows: Vec::new() };
            let read = |wanted: Wanted<'_>| gather(reader, reader.layout()?, wanted, start, end);
            for_each_batch(reader, &request.metric, series, start, end, read, |series, points| {
                for (time, _, value) in points.rows() {
                    newest.push(time, series.id, value);
                }
            })?;
            Ok(newest.answer(reader))
        })
        .await
    }

    /// The samples of each matching series reduced to steps (counted from the epoch). Samples that are
    /// not a number count as absent, and tell that the series ended when nothing follows them in the step.
    ///
    /// The increase of a cumulative counter counts from the sample before, which may lie before the
    /// range; after a reset (a smaller value or a later start time) it counts from zero. That of a delta
    /// counter is the sum of its values.
    pub async fn read_buckets(
        &self,
        metric: &str,
        matchers: &[TagMatcher],
        range: TimeRange,
        step: i64,
    ) -> Result<Vec<SeriesBuckets>, StoreError> {
        self.buckets(metric, matchers, range, step, false).await
    }

    /// As [`Self::read_buckets`], with the change of gauges from the sample before as their increase: many a counter is
    /// told without its type, those of the kernel by node_exporter for one.
    pub async fn read_changes(
        &self,
        metric: &str,
        matchers: &[TagMatcher],
        range: TimeRange,
        step: i64,
    ) -> Result<Vec<SeriesBuckets>, StoreError> {
        self.buckets(metric, matchers, range, step, true).await
    }

    async fn buckets(
        &self,
        metric: &str,
        matchers: &[TagMatcher],
        range: TimeRange,
        step: i64,
        changes: bool,
    ) -> Result<Vec<SeriesBuckets>, StoreError> {
        let step = valid_step(range, step)?;
        let (metric, matchers) = (metric.to_owned(), matchers.to_vec());
        self.read(move |reader| {
            let series = reader.dictionary.select(&metric, &matchers)?;
            let (start, end) = bounds(range);
            let (counters, others): (Vec<_>, Vec<_>) =
                series.into_iter().partition(|series| cumulative(series) || changes && gauge(series));
            let mut answer = Vec::new();
            for (series, from) in [(others, start), (counters, start.saturating_sub(look_back(step)))] {
                let whole = Whole::new(start, end, step);
                let read = |wanted: Wanted<'_>| sequences(reader, reader.layout()?, wanted, from, end, whole);
                for_each_batch(reader, &metric, series, from, end, read, |series, sequence| {
                    let counting = match Counting::of(series) {
                        Counting::Nothing if changes => Counting::Change,
                        known => known,
                    };
                    let mut reduction = Reduction::new(counting, from, start, step);
                    sequence.reduce(&mut reduction);
                    let buckets = reduction.finish();
                    if !buckets.is_empty() {
                        answer.push(SeriesBuckets {
                            labels: series.labels(),
                            unit: series.unit.to_string(),
                            kind: series.kind,
                            buckets,
                        });
                    }
                })?;
            }
            answer.sort_by(|left, right| left.labels.cmp(&right.labels));
            Ok(answer)
        })
        .await
    }
}

/// Something that newer data are laid over.
trait Overlay {
    fn overlay(&mut self, newer: Self);
}

impl Overlay for Points {
    fn overlay(&mut self, newer: Self) {
        Self::overlay(self, newer);
    }
}

impl Overlay for Sequence {
    fn overlay(&mut self, newer: Self) {
        Self::overlay(self, newer);
    }
}

/// Whether a series' increase counts from sample to sample.
fn cumulative(series: &KnownSeries) -> bool {
    series.kind == MetricKind::Counter && series.temporality != Temporality::Delta
}

fn gauge(series: &KnownSeries) -> bool {
    series.kind == MetricKind::Gauge
}

/// Gives each series with its points, as many series at a time as memory allows. What it wrote before its type was told
/// comes with it.
fn for_each_batch<T: Overlay>(
    reader: &Reader,
    metric: &str,
    mut series: Vec<Arc<KnownSeries>>,
    start: i64,
    end: i64,
    read: impl Fn(Wanted<'_>) -> Result<HashMap<u64, T>, StoreError>,
    mut take: impl FnMut(&Arc<KnownSeries>, T),
) -> Result<(), StoreError> {
    if series.is_empty() {
        return Ok(());
    }
    series.sort_unstable_by_key(|series| series.id);
    let layout = reader.layout()?;
    let metrics = Some((metric, metric)).filter(|_| !metric.is_empty());
    for batch in series.chunks(series_at_once(layout, start, end)) {
        let untold: HashMap<u64, u64> =
            batch.iter().filter_map(|series| Some((series.id, reader.dictionary.untold(series)?))).collect();
        let mut ids: Vec<u64> =
            batch.iter().map(|series| series.id).chain(untold.values().copied()).collect();
        ids.sort_unstable();
        let mut read = read(Wanted { metrics, series: &ids })?;
        for series in batch {
            let mut found = read.remove(&series.id);
            if let Some(mut before) = untold.get(&series.id).and_then(|untold| read.remove(untold)) {
                found.into_iter().for_each(|later| before.overlay(later));
                found = Some(before);
            }
            if let Some(found) = found {
                take(series, found);
            }
        }
        reader.check()?;
    }
    Ok(())
}

fn series_at_once(layout: &Layout, start: i64, end: i64) -> usize {
    let sealed = layout.bundles(PartitionSignal::Samples, start, end).into_iter().filter_map(|bundle| {
        let file = bundle.points.as_ref().or(bundle.roll_up(None).map(|(_, file)| file))?;
        let info = &file.info;
        let (first, last) = (info.first.0.max(start), info.last.0.min(end));
        let part = last.saturating_sub(first) as f64 / (info.last.since(info.first) as f64).max(1.0);
        Some((info.points as f64 / info.series.max(1) as f64 * part.clamp(0.0, 1.0)) as u64)
    });
    let each = sealed.sum::<u64>() + POINTS_IN_HEAD * layout.heads.len() as u64;
    usize::try_from(POINTS_AT_ONCE / each.max(1)).unwrap_or(usize::MAX).clamp(1, 20_000)
}

/// The newest samples of all series.
struct Newest {
    limit: usize,
    rows: Vec<(i64, u64, f64)>,
}

impl Newest {
    fn push(&mut self, time: i64, series: u64, value: f64) {
        self.rows.push((time, series, value));
        if self.rows.len() >= (2 * self.limit).max(1 << 16) {
            self.cut();
        }
    }

    fn cut(&mut self) {
        if self.rows.len() > self.limit {
            if self.limit > 0 {
                self.rows.select_nth_unstable_by_key(self.limit - 1, |(time, series, _)| {
                    (Reverse(*time), *series)
                });
            }
            self.rows.truncate(self.limit);
        }
    }

    fn answer(mut self, reader: &Reader) -> Vec<SeriesPoints> {
        self.cut();
        self.rows.sort_unstable_by_key(|(time, series, _)| (*series, *time));
        let mut answer: Vec<SeriesPoints> = self
            .rows
            .chunk_by(|left, right| left.1 == right.1)
            .filter_map(|rows| {
                let series = reader.dictionary.series(rows.first()?.1)?;
                Some(SeriesPoints {
                    labels: series.labels(),
                    times: rows.iter().map(|(time, ..)| Timestamp(*time)).collect(),
                    values: rows.iter().map(|(.., value)| *value).collect(),
                })
            })
            .collect();
        answer.sort_by(|left, right| left.labels.cmp(&right.labels));
        answer
    }
}
