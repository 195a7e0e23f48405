//! Summaries of services: rate, share of failed requests, durations and state.

use std::collections::HashMap;

use model::{Filter, HealthState, ServiceSummary, TimeRange, Timestamp};

use super::requests::{MEASURES, requests_table};
use crate::{
    StoreError,
    database::{
        condition::{Records, condition},
        sql::Parameters,
    },
    read::{limits::bounds, reader::Reader},
};

/// A service is listed if it sent spans this long before the end of the range, in nanoseconds.
const LISTED_FOR: i64 = 24 * 3600 * 1_000_000_000;
/// From this share of failed requests a service is unhealthy.
const UNHEALTHY: f64 = 0.05;
/// From this share of failed requests a service is degraded.
const DEGRADED: f64 = 0.01;

/// Returns every service with matching spans in the range or in the 24 hours before its end, in
/// name order.
pub(super) fn summaries(
    reader: &Reader,
    filter: &Filter,
    range: TimeRange,
    spark_points: u32,
) -> Result<Vec<ServiceSummary>, StoreError> {
    let mut parameters = Parameters::default();
    let selection = condition(reader, Records::Spans, filter, &mut parameters)?;
    summaries_where(reader, &selection, &parameters, range, spark_points)
}

/// Like [`summaries`], for spans that meet a condition of a statement.
pub(super) fn summaries_where(
    reader: &Reader,
    selection: &str,
    parameters: &Parameters,
    range: TimeRange,
    spark_points: u32,
) -> Result<Vec<ServiceSummary>, StoreError> {
    let (start, end) = bounds(range);
    let listed_from = start.min(end.saturating_sub(LISTED_FOR));
    let requests = requests_table(range, selection);
    let length = (range.length() as f64 / 1e9).max(1e-9);
    let mut services = reader.rows(
        &format!(
            "WITH {requests}, seen AS (SELECT t.service, max(t.start_time) AS last_seen FROM spans t \
               WHERE t.start_time >= {listed_from} AND t.start_time < {end} AND {selection} GROUP BY t.service), \
             measures AS (SELECT service, {MEASURES} FROM requests GROUP BY service) \
             SELECT seen.service, last_seen, coalesce(requests, 0), coalesce(failed, 0), p50, p95, p99 \
             FROM seen LEFT JOIN measures USING (service) ORDER BY seen.service"
        ),
        &parameters.0,
        |row| {
            let (count, failed): (u64, u64) = (row.get(2)?, row.get(3)?);
            let whole = |value: Option<f64>| value.map(|value| value as i64);
            let error_ratio = failed as f64 / (count as f64).max(1.0);
            let (state, reason) = state_of(count, error_ratio);
            Ok(ServiceSummary {
                service: row.get(0)?,
                state,
                reason,
                rate: count as f64 / length,
                error_ratio,
                p50: whole(row.get(4)?),
                p95: whole(row.get(5)?),
                p99: whole(row.get(6)?),
                spark: Vec::new(),
                last_seen: Timestamp(row.get(1)?),
            })
        },
    )?;
    let points = i64::from(spark_points.clamp(1, 1000));
    let step = (range.length() / points + i64::from(range.length() % points != 0)).max(1);
    let mut sparks: HashMap<String, Vec<Option<f64>>> = HashMap::new();
    reader.rows(
        &format!(
            "WITH {requests} SELECT service, (start_time - ({start})) // {step} AS point, \
             quantile_cont(duration, 0.95) FROM requests GROUP BY service, point"
        ),
        &parameters.0,
        |row| {
            let spark = sparks.entry(row.get(0)?).or_insert_with(|| vec![None; points as usize]);
            if let Some(point) = spark.get_mut(usize::try_from(row.get::<_, i64>(1)?).unwrap_or(usize::MAX)) {
                *point = row.get(2)?;
            }
            Ok(())
        },
    )?;
    for service in &mut services {
        service.spark = sparks.remove(&service.service).unwrap_or_else(|| vec![None; points as usize]);
    }
    Ok(services)
}

fn state_of(requests: u64, error_ratio: f64) -> (HealthState, String) {
    let failing = || format!("{:.1}% of requests failed", error_ratio * 100.0);
    match error_ratio {
        _ if requests == 0 => (HealthState::Unknown, "no requests in this range".to_owned()),
        ratio if ratio >= UNHEALTHY => (HealthState::Unhealthy, failing()),
        ratio if ratio >= DEGRADED => (HealthState::Degraded, failing()),
        _ => (HealthState::Healthy, String::new()),
    }
}
