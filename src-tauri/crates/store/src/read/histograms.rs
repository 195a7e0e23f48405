//! Histograms reduced to what they gained per step.

use std::{collections::HashMap, sync::Arc};

use duckdb::arrow::array::{Array, AsArray, RecordBatch};
use duckdb::arrow::datatypes::{Float64Type, Int32Type, Int64Type, UInt64Type};
use model::{HistogramBuckets, HistogramStep, TagMatcher, Temporality, TimeRange, Timestamp};

use super::{bounds, buckets::look_back, exponential::Sparse, valid_step};
use crate::{
    Store, StoreError,
    dictionary::KnownSeries,
    partition::tables::{self, POINT},
    reader::Reader,
    sql::id_list,
};

impl Store {
    /// What each matching histogram gained per step (counted from the epoch).
    ///
    /// Cumulative points count from the point before, which may lie before the range, and from zero after
    /// a reset; delta points are summed; markers of a series' end are passed over. Exponential buckets are
    /// given explicit bounds. Summaries have no buckets: their count and sum are given, and the quantiles they told
    /// last in the step.
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
            let series = reader.dictionary.select(&metric, &matchers)?;
            if series.is_empty() {
                return Ok(Vec::new());
            }
            let (start, end) = bounds(range);
            let from = start.saturating_sub(look_back(step));
            let ids = id_list(series.iter().map(|series| series.id));
            let by_id: HashMap<u64, Arc<KnownSeries>> =
                series.into_iter().map(|series| (series.id, series)).collect();
            let mut answer = Vec::new();
            let mut gathering: Option<Gathering> = None;
            // A point is taken when the next one has come: of several at the same time the last one counts.
            let mut waiting: Option<Point> = None;
            let mut take = |point: Point| {
                if point.absent {
                    return;
                }
                if gathering.as_ref().is_none_or(|gathering| gathering.series.id != point.series) {
                    answer.extend(gathering.take().and_then(Gathering::finish));
                    gathering = by_id.get(&point.series).map(|series| Gathering::new(Arc::clone(series)));
                }
                if let Some(gathering) = &mut gathering {
                    gathering.take(point, from, start, step);
                }
            };
            each_point(reader, &ids, from, end, |point| {
                let same = |before: &Point| before.series == point.series && before.time == point.time;
                if let Some(before) = waiting.replace(point.clone()).filter(|before| !same(before)) {
                    take(before);
                }
            })?;
            if let Some(point) = waiting {
                take(point);
            }
            answer.extend(gathering.and_then(Gathering::finish));
            answer.sort_by(|left, right| left.labels.cmp(&right.labels));
            Ok(answer)
        })
        .await
    }
}

/// Gives the points of series by series and time; several at the same time in the order they were written.
fn each_point(
    reader: &Reader,
    ids: &str,
    from: i64,
    end: i64,
    mut take: impl FnMut(Point),
) -> Result<(), StoreError> {
    let layout = reader.layout()?;
    let within = format!("time >= {from} AND time < {end} AND series_id IN ({ids})");
    let sources = tables::histogram_sources(reader, layout, from, end)?;
    let union = tables::union(&sources, POINT, &within);
    let sql = format!(
        "SELECT series_id, time, start_time, count, sum, min, max, bounds, counts, scale, zero_threshold, \
         zero_count, positive_offset, negative_offset, negative_counts, quantile_values \
         FROM ({union}) ORDER BY series_id, time, rank, place"
    );
    reader.batches(&sql, &[], |batch| {
        points(batch).for_each(&mut take);
        Ok(())
    })
}

#[derive(Debug, Clone)]
enum Counts {
    Explicit(Vec<f64>, Vec<f64>),
    Exponential(Sparse),
}

#[derive(Debug, Clone)]
struct Point {
    series: u64,
    time: i64,
    start_time: Option<i64>,
    count: f64,
    sum: f64,
    min: Option<f64>,
    max: Option<f64>,
    /// It only marks the end of the series.
    absent: bool,
    counts: Counts,
    /// What a summary told: quantiles with their values.
    quantiles: Vec<(f64, f64)>,
}

fn points(batch: &RecordBatch) -> impl Iterator<Item = Point> {
    let unsigned = |column: usize, row: usize| {
        let array = batch.column(column).as_primitive::<UInt64Type>();
        (!array.is_null(row)).then(|| array.value(row))
    };
    let signed = |column: usize, row: usize| {
        let array = batch.column(column).as_primitive::<Int64Type>();
        (!array.is_null(row)).then(|| array.value(row))
    };
    let small = |column: usize, row: usize| {
        let array = batch.column(column).as_primitive::<Int32Type>();
        (!array.is_null(row)).then(|| array.value(row))
    };
    let double = |column: usize, row: usize| {
        let array = batch.column(column).as_primitive::<Float64Type>();
        (!array.is_null(row)).then(|| array.value(row))
    };
    let counts = |column: usize, row: usize| -> Vec<f64> {
        let list = batch.column(column).as_list::<i32>();
        if list.is_null(row) {
            return Vec::new();
        }
        list.value(row).as_primitive::<UInt64Type>().values().iter().map(|count| *count as f64).collect()
    };
    let doubles = |column: usize, row: usize| -> Vec<f64> {
        let list = batch.column(column).as_list::<i32>();
        if list.is_null(row) {
            return Vec::new();
        }
        list.value(row).as_primitive::<Float64Type>().values().to_vec()
    };
    (0..batch.num_rows()).map(move |row| Point {
        series: unsigned(0, row).unwrap_or_default(),
        time: signed(1, row).unwrap_or_default(),
        start_time: signed(2, row),
        count: unsigned(3, row).unwrap_or_default() as f64,
        sum: double(4, row).filter(|sum| sum.is_finite()).unwrap_or_default(),
        min: double(5, row),
        max: double(6, row),
        quantiles: doubles(7, row).into_iter().zip(doubles(15, row)).collect(),
        absent: unsigned(3, row) == Some(0) && double(4, row).is_some_and(f64::is_nan),
        counts: match small(9, row) {
            Some(scale) => Counts::Exponential(Sparse {
                scale,
                zero_threshold: double(10, row).filter(|width| width.is_finite()).unwrap_or_default(),
                zero: unsigned(11, row).unwrap_or_default() as f64,
                positive: indexed(small(12, row), counts(8, row)),
                negative: indexed(small(13, row), counts(14, row)),
            }),
            None => explicit(doubles(7, row), counts(8, row)),
        },
    })
}

fn indexed(offset: Option<i32>, counts: Vec<f64>) -> std::collections::BTreeMap<i64, f64> {
    let first = i64::from(offset.unwrap_or_default());
    (first..).zip(counts).filter(|(_, count)| *count > 0.0).collect()
}

/// Buckets that keep their promise: ascending finite bounds and one count more, whatever was written.
fn explicit(bounds: Vec<f64>, mut counts: Vec<f64>) -> Counts {
    if counts.is_empty() {
        return Counts::Explicit(Vec::new(), Vec::new());
    }
    counts.resize(bounds.len() + 1, 0.0);
    let last = counts.pop().unwrap_or_default();
    let (mut kept, mut sums, mut pending) = (Vec::new(), Vec::new(), 0.0);
    for (bound, count) in bounds.into_iter().zip(counts) {
        pending += count;
        if bound.is_finite() && kept.last().is_none_or(|before| bound > *before) {
            kept.push(bound);
            sums.push(std::mem::take(&mut pending));
        }
    }
    sums.push(pending + last);
    Counts::Explicit(kept, sums)
}

/// One series on its way to an answer.
struct Gathering {
    series: Arc<KnownSeries>,
    previous: Option<Point>,
    steps: Vec<(i64, Point)>,
}

impl Gathering {
    fn new(series: Arc<KnownSeries>) -> Self {
        Self { series, previous: None, steps: Vec::new() }
    }

    fn take(&mut self, point: Point, from: i64, start: i64, step: i64) {
        let gain = if self.series.temporality == Temporality::Delta {
            Some(point.clone())
        } else {
            gained(&point, self.previous.as_ref(), from)
        };
        // A summary tells its quantiles anew with every point, whatever it gained.
        let gain = gain.or_else(|| (!point.quantiles.is_empty()).then(|| point.without_gain()));
        let time = Timestamp(point.time).floor(step).0;
        let in_range = point.time >= start;
        self.previous = Some(point);
        let Some(gain) = gain.filter(|_| in_range) else { return };
        match self.steps.last_mut() {
            Some((last, total)) if *last == time => total.add(&gain),
            _ => self.steps.push((time, gain)),
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

/// What a cumulative point gained; nothing for a first point whose start is unknown or long ago.
fn gained(point: &Point, previous: Option<&Point>, from: i64) -> Option<Point> {
    // Extremes of cumulative points reach back to their start and say nothing of this step.
    let whole = Point { min: None, max: None, ..point.clone() };
    let Some(before) = previous else {
        let known = point.start_time.is_some_and(|start| start >= from && start < point.time);
        return known.then_some(whole);
    };
    if point.count < before.count || point.start_time.is_some_and(|start| start > before.time) {
        return Some(whole);
    }
    let counts = match (&point.counts, &before.counts) {
        (Counts::Explicit(bounds, counts), Counts::Explicit(bounds_before, counts_before))
            if bounds == bounds_before && counts.len() == counts_before.len() =>
        {
            let gains: Vec<f64> = counts.iter().zip(counts_before).map(|(now, then)| now - then).collect();
            if gains.iter().any(|gain| *gain < 0.0) {
                return Some(whole);
            }
            Counts::Explicit(bounds.clone(), gains)
        }
        (Counts::Exponential(now), Counts::Exponential(then)) => match now.gained(then) {
            Some(gain) => Counts::Exponential(gain),
            None => return Some(whole),
        },
        _ => return Some(whole),
    };
    Some(Point { count: point.count - before.count, sum: point.sum - before.sum, counts, ..whole })
}

impl Point {
    fn without_gain(&self) -> Self {
        Self {
            count: 0.0,
            sum: 0.0,
            min: None,
            max: None,
            counts: Counts::Explicit(Vec::new(), Vec::new()),
            ..self.clone()
        }
    }

    fn add(&mut self, other: &Self) {
        self.quantiles.clone_from(&other.quantiles);
        self.count += other.count;
        self.sum += other.sum;
        self.min = self.min.into_iter().chain(other.min).reduce(f64::min);
        self.max = self.max.into_iter().chain(other.max).reduce(f64::max);
        match (&mut self.counts, &other.counts) {
            (Counts::Exponential(total), Counts::Exponential(more)) => total.add(more),
            (Counts::Explicit(bounds, counts), Counts::Explicit(more_bounds, more)) => {
                if bounds == more_bounds && counts.len() == more.len() {
                    counts.iter_mut().zip(more).for_each(|(total, count)| *total += count);
                } else {
                    (*bounds, *counts) = merged(bounds, counts, more_bounds, more);
                }
            }
            (total @ Counts::Explicit(..), more @ Counts::Exponential(_)) => *total = more.clone(),
            (Counts::Exponential(_), Counts::Explicit(..)) => {}
        }
    }
}

/// Two sets of buckets as one over all bounds of both: each count stays under its own upper bound.
fn merged(bounds: &[f64], counts: &[f64], more_bounds: &[f64], more: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let mut union: Vec<f64> = bounds.iter().chain(more_bounds).copied().collect();
    union.sort_by(f64::total_cmp);
    union.dedup();
    let mut sums = vec![0.0; union.len() + 1];
    for (bounds, counts) in [(bounds, counts), (more_bounds, more)] {
        for (index, count) in counts.iter().enumerate() {
            let place =
                bounds.get(index).map_or(union.len(), |bound| union.partition_point(|other| other < bound));
            if let Some(sum) = sums.get_mut(place) {
                *sum += count;
            }
        }
    }
    (union, sums)
}
