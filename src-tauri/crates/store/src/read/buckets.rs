//! Samples, raw and reduced to steps.

use std::{collections::HashMap, sync::Arc};

use model::{
    Bucket, MetricKind, SamplesRequest, SeriesBuckets, SeriesPoints, TagMatcher, Temporality, TimeRange,
    Timestamp,
};

use super::{MOST_ROWS, bounds, valid_step};
use crate::{
    Store, StoreError,
    dictionary::KnownSeries,
    reader::Reader,
    sql::{id_list, step_start},
};

/// A counter's previous sample is looked for this far back, at least.
const LOOK_BACK: i64 = 600 * 1_000_000_000;
/// And this far, at most.
const MOST_LOOK_BACK: i64 = 6 * 3600 * 1_000_000_000;

/// How far before a range the sample is looked for that the first increase counts from.
pub(super) fn look_back(step: i64) -> i64 {
    step.saturating_mul(3).clamp(LOOK_BACK, MOST_LOOK_BACK)
}

impl Store {
    /// Samples as they were written, each series in time order. If there are more than the limit, the
    /// newest are given.
    pub async fn read_samples(&self, request: &SamplesRequest) -> Result<Vec<SeriesPoints>, StoreError> {
        let request = request.clone();
        self.read(move |reader| {
            let series = reader.dictionary.select(&request.metric, &request.matchers)?;
            if series.is_empty() {
                return Ok(Vec::new());
            }
            let (start, end) = bounds(request.range);
            let ids = id_list(series.iter().map(|series| series.id));
            let limit = request.limit.min(MOST_ROWS * 10);
            let mut points: HashMap<u64, (Vec<Timestamp>, Vec<f64>)> = HashMap::new();
            reader.rows(
                &format!(
                    "SELECT series_id, time, value FROM samples \
                     WHERE time >= {start} AND time < {end} AND series_id IN ({ids}) \
                     ORDER BY time DESC LIMIT {limit}"
                ),
                &[],
                |row| {
                    let (times, values) = points.entry(row.get(0)?).or_default();
                    times.push(Timestamp(row.get(1)?));
                    values.push(row.get(2)?);
                    Ok(())
                },
            )?;
            let mut answer: Vec<_> = series
                .iter()
                .filter_map(|series| {
                    let (mut times, mut values) = points.remove(&series.id)?;
                    times.reverse();
                    values.reverse();
                    Some(SeriesPoints { labels: series.labels(), times, values })
                })
                .collect();
            answer.sort_by(|left, right| left.labels.cmp(&right.labels));
            Ok(answer)
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
        let step = valid_step(range, step)?;
        let (metric, matchers) = (metric.to_owned(), matchers.to_vec());
        self.read(move |reader| {
            let series = reader.dictionary.select(&metric, &matchers)?;
            let (counters, others): (Vec<_>, Vec<_>) = series.into_iter().partition(|series| {
                series.kind == MetricKind::Counter && series.temporality != Temporality::Delta
            });
            let mut answer = plain(reader, &others, range, step)?;
            answer.extend(cumulative(reader, &counters, range, step)?);
            answer.sort_by(|left, right| left.labels.cmp(&right.labels));
            Ok(answer)
        })
        .await
    }
}

fn plain(
    reader: &Reader,
    series: &[Arc<KnownSeries>],
    range: TimeRange,
    step: i64,
) -> Result<Vec<SeriesBuckets>, StoreError> {
    let (start, end) = bounds(range);
    let ids = id_list(series.iter().map(|series| series.id));
    let bucket = step_start("time", step);
    let sql = format!(
        "WITH points AS ( \
           SELECT series_id, time, CASE WHEN isnan(value) THEN NULL ELSE value END AS value, \
             isnan(value) AS absent \
           FROM samples WHERE time >= {start} AND time < {end} AND series_id IN ({ids})) \
         SELECT series_id, {bucket} AS bucket, arg_min(value, time), arg_max(value, time), min(value), \
           max(value), sum(value), count(value), sum(value), arg_max(absent, time) \
         FROM points GROUP BY series_id, bucket ORDER BY series_id, bucket"
    );
    gather(reader, &sql, series)
}

fn cumulative(
    reader: &Reader,
    series: &[Arc<KnownSeries>],
    range: TimeRange,
    step: i64,
) -> Result<Vec<SeriesBuckets>, StoreError> {
    let (start, end) = bounds(range);
    let from = start.saturating_sub(look_back(step));
    let bucket = step_start("time", step);
    let mut answer = Vec::new();
    let (monotonic, others): (Vec<_>, Vec<_>) = series.iter().cloned().partition(|series| series.monotonic);
    for (series, increase) in [
        (
            monotonic,
            // The first sample of all counts from zero when its start is known and not before the look-back.
            format!(
                "CASE WHEN before IS NULL THEN \
                 CASE WHEN start_time >= {from} AND start_time < time THEN value ELSE 0 END \
                 WHEN value < before OR start_time > time_before THEN value ELSE value - before END"
            ),
        ),
        (others, "coalesce(value - before, 0)".to_owned()),
    ] {
        let ids = id_list(series.iter().map(|series| series.id));
        let sql = format!(
            "WITH points AS ( \
               SELECT series_id, time, start_time, CASE WHEN isnan(value) THEN NULL ELSE value END AS value, \
                 isnan(value) AS absent, lag(value) OVER earlier AS before, \
                 lag(time) OVER earlier AS time_before \
               FROM samples WHERE time >= {from} AND time < {end} AND series_id IN ({ids}) \
               WINDOW earlier AS (PARTITION BY series_id, isnan(value) ORDER BY time)) \
             SELECT series_id, {bucket} AS bucket, arg_min(value, time), arg_max(value, time), min(value), \
               max(value), sum(value), count(value), sum(CASE WHEN NOT absent THEN {increase} END), \
               arg_max(absent, time) \
             FROM points WHERE time >= {start} GROUP BY series_id, bucket ORDER BY series_id, bucket"
        );
        answer.extend(gather(reader, &sql, &series)?);
    }
    Ok(answer)
}

fn gather(reader: &Reader, sql: &str, series: &[Arc<KnownSeries>]) -> Result<Vec<SeriesBuckets>, StoreError> {
    if series.is_empty() {
        return Ok(Vec::new());
    }
    let mut buckets: HashMap<u64, Vec<Bucket>> = HashMap::new();
    reader.rows(sql, &[], |row| {
        let number = |column| row.get::<_, Option<f64>>(column);
        buckets.entry(row.get(0)?).or_default().push(Bucket {
            time: Timestamp(row.get(1)?),
            first: number(2)?.unwrap_or(f64::NAN),
            last: number(3)?.unwrap_or(f64::NAN),
            min: number(4)?.unwrap_or(f64::NAN),
            max: number(5)?.unwrap_or(f64::NAN),
            sum: number(6)?.unwrap_or(0.0),
            count: row.get(7)?,
            increase: number(8)?.unwrap_or(0.0),
            ended: row.get(9)?,
        });
        Ok(())
    })?;
    Ok(series
        .iter()
        .filter_map(|series| {
            let mut buckets = buckets.remove(&series.id)?;
            if series.kind != MetricKind::Counter {
                buckets.iter_mut().for_each(|bucket| bucket.increase = 0.0);
            }
            Some(SeriesBuckets {
                labels: series.labels(),
                unit: series.unit.to_string(),
                kind: series.kind,
                buckets,
            })
        })
        .collect())
}
