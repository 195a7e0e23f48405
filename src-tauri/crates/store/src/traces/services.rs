//! Rates, errors and durations of services, from their spans. Percentiles are exact
//! (`quantile_cont` interpolates).

use std::collections::HashMap;

use model::{
    Filter, HealthState, OperationSummary, ServiceDetail, ServiceRequest, ServiceSummary, ServicesRequest,
    TimeRange, Timestamp,
};

use super::read::Traces;
use crate::{
    StoreError,
    database::{
        condition::{Records, condition},
        sql::{Parameters, step_start},
    },
    history::reader::HistoryReader,
    read::{
        limits::{bounds, valid_step},
        reader::Reader,
    },
};

/// A service is listed if it sent spans this long before the end of the range, in nanoseconds.
const LISTED_FOR: i64 = 24 * 3600 * 1_000_000_000;
/// From this share of failed requests a service is unhealthy.
const UNHEALTHY: f64 = 0.05;
/// From this share of failed requests a service is degraded.
const DEGRADED: f64 = 0.01;
/// The operations returned of one service, at most.
const MAX_OPERATIONS: u32 = 200;
/// Count, failures and three percentiles of a group of requests.
const MEASURES: &str = "count(*) AS requests, count(*) FILTER (status = 2) AS failed, \
    quantile_cont(duration, 0.5) AS p50, quantile_cont(duration, 0.95) AS p95, \
    quantile_cont(duration, 0.99) AS p99";

/// Returns the definition of the table `requests`: server and consumer spans of the range that meet
/// a condition, or root spans of services without those.
pub(crate) fn requests_table(range: TimeRange, condition: &str) -> String {
    let (start, end) = bounds(range);
    format!(
        "spans_in_range AS (SELECT t.service, t.name, t.kind, t.parent_span_id IS NULL AS root, t.status, \
           t.start_time, t.duration FROM spans t \
           WHERE t.start_time >= {start} AND t.start_time < {end} AND {condition}), \
         entries AS (SELECT service, bool_or(kind IN (2, 5)) AS has_entry FROM spans_in_range GROUP BY service), \
         requests AS (SELECT s.* FROM spans_in_range s JOIN entries USING (service) \
           WHERE CASE WHEN has_entry THEN s.kind IN (2, 5) ELSE s.root END)"
    )
}

/// The requests of one service in one step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ServiceStep {
    /// Start of the step.
    pub time: Timestamp,
    /// Number of requests.
    pub requests: u64,
    /// Number of failed requests.
    pub failed: u64,
    /// Median duration in nanoseconds.
    pub p50: f64,
    /// 95th percentile of the duration in nanoseconds.
    pub p95: f64,
}

impl Traces {
    /// Returns every service with spans in the range or in the 24 hours before its end, in name
    /// order. The state follows from the share of failed requests alone.
    pub async fn services(&self, request: &ServicesRequest) -> Result<Vec<ServiceSummary>, StoreError> {
        let request = request.clone();
        self.source
            .read(move |reader| {
                let filter = Filter::All { of: request.matchers.iter().map(Filter::from).collect() };
                summaries(reader, &filter, request.range, request.spark_points)
            })
            .await
    }

    /// Returns every service with data, in the order of first receipt.
    pub async fn service_names(&self) -> Result<Vec<String>, StoreError> {
        self.source
            .read(|reader| {
                reader.rows(
                    "SELECT service FROM resources WHERE service <> '' GROUP BY service ORDER BY min(rowid)",
                    &[],
                    |row| Ok(row.get(0)?),
                )
            })
            .await
    }

    /// Returns one service over time, or none if it has no spans in the range or in the 24 hours
    /// before its end.
    pub async fn service_detail(
        &self,
        request: &ServiceRequest,
    ) -> Result<Option<ServiceDetail>, StoreError> {
        let gaps = HistoryReader::new(self.source.clone()).gaps(request.range).await?;
        let request = request.clone();
        self.source
            .read(move |reader| {
                let range = request.range;
                let step = valid_step(range, range.step_for(request.max_points))?;
                let mut parameters = Parameters::default();
                let selection = service_condition(&request, &mut parameters);
                let summary =
                    summaries_where(reader, &selection, &parameters, range, request.max_points.min(100))?;
                let Some(summary) = summary.into_iter().next() else { return Ok(None) };
                let mut detail = ServiceDetail {
                    summary,
                    step,
                    times: Vec::new(),
                    rate: Vec::new(),
                    errors: Vec::new(),
                    p50: Vec::new(),
                    p95: Vec::new(),
                    p99: Vec::new(),
                    operations: Vec::new(),
                    gaps,
                };
                let requests = requests_table(range, &selection);
                let bucket = step_start("start_time", step);
                let seconds = step as f64 / 1e9;
                reader.rows(
                    &format!(
                        "WITH {requests} SELECT {bucket} AS bucket, {MEASURES} FROM requests \
                     GROUP BY bucket ORDER BY bucket"
                    ),
                    &parameters.0,
                    |row| {
                        detail.times.push(Timestamp(row.get(0)?));
                        detail.rate.push(row.get::<_, u64>(1)? as f64 / seconds);
                        detail.errors.push(row.get::<_, u64>(2)? as f64 / seconds);
                        detail.p50.push(row.get(3)?);
                        detail.p95.push(row.get(4)?);
                        detail.p99.push(row.get(5)?);
                        Ok(())
                    },
                )?;
                let length = (range.length() as f64 / 1e9).max(1e-9);
                detail.operations = reader.rows(
                    &format!(
                        "WITH {requests} SELECT name, {MEASURES} FROM requests GROUP BY name \
                     ORDER BY requests DESC, name LIMIT {MAX_OPERATIONS}"
                    ),
                    &parameters.0,
                    |row| {
                        let (count, failed): (u64, u64) = (row.get(1)?, row.get(2)?);
                        Ok(OperationSummary {
                            name: row.get(0)?,
                            rate: count as f64 / length,
                            error_ratio: failed as f64 / (count as f64).max(1.0),
                            p50: row.get::<_, f64>(3)? as i64,
                            p95: row.get::<_, f64>(4)? as i64,
                            p99: row.get::<_, f64>(5)? as i64,
                        })
                    },
                )?;
                Ok(Some(detail))
            })
            .await
    }

    /// Returns the requests of a service per step, without empty steps. `step` is in nanoseconds,
    /// and steps start at multiples of it.
    pub async fn service_steps(
        &self,
        service: &str,
        range: TimeRange,
        step: i64,
    ) -> Result<Vec<ServiceStep>, StoreError> {
        let step = valid_step(range, step)?;
        let service = service.to_owned();
        self.source
            .read(move |reader| {
                let mut parameters = Parameters::default();
                let selection = format!("t.service = {}", parameters.bind(service));
                let requests = requests_table(range, &selection);
                let bucket = step_start("start_time", step);
                reader.rows(
                    &format!(
                        "WITH {requests} SELECT {bucket} AS bucket, count(*), count(*) FILTER (status = 2), \
                     quantile_cont(duration, 0.5), quantile_cont(duration, 0.95) FROM requests \
                     GROUP BY bucket ORDER BY bucket"
                    ),
                    &parameters.0,
                    |row| {
                        Ok(ServiceStep {
                            time: Timestamp(row.get(0)?),
                            requests: row.get(1)?,
                            failed: row.get(2)?,
                            p50: row.get(3)?,
                            p95: row.get(4)?,
                        })
                    },
                )
            })
            .await
    }

    /// Returns the durations of a service's requests in nanoseconds, in order of start. Beyond the
    /// limit they are sampled evenly.
    pub async fn request_durations(
        &self,
        service: &str,
        range: TimeRange,
        limit: u32,
    ) -> Result<Vec<f64>, StoreError> {
        let service = service.to_owned();
        self.source.read(move |reader| {
            let mut parameters = Parameters::default();
            let selection = format!("t.service = {}", parameters.bind(service));
            let requests = requests_table(range, &selection);
            reader.rows(
                &format!(
                    "WITH {requests}, numbered AS (SELECT duration, \
                       row_number() OVER (ORDER BY start_time, duration) AS place, count(*) OVER () AS total \
                       FROM requests) \
                     SELECT CAST(duration AS DOUBLE) FROM numbered \
                     WHERE total <= {limit} OR (place * {limit}) // total <> ((place - 1) * {limit}) // total \
                     ORDER BY place"
                ),
                &parameters.0,
                |row| Ok(row.get(0)?),
            )
        })
        .await
    }
}

fn service_condition(request: &ServiceRequest, parameters: &mut Parameters) -> String {
    let service = format!("t.service = {}", parameters.bind(request.service.as_str()));
    match &request.operation {
        Some(operation) => {
            format!("({service} AND t.name = {})", parameters.bind(operation.as_str()))
        }
        None => format!("({service})"),
    }
}

fn summaries(
    reader: &Reader,
    filter: &Filter,
    range: TimeRange,
    spark_points: u32,
) -> Result<Vec<ServiceSummary>, StoreError> {
    let mut parameters = Parameters::default();
    let selection = condition(reader, Records::Spans, filter, &mut parameters)?;
    summaries_where(reader, &selection, &parameters, range, spark_points)
}

fn summaries_where(
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
             figures AS (SELECT service, {MEASURES} FROM requests GROUP BY service) \
             SELECT seen.service, last_seen, coalesce(requests, 0), coalesce(failed, 0), p50, p95, p99 \
             FROM seen LEFT JOIN figures USING (service) ORDER BY seen.service"
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
            "WITH {requests} SELECT service, (start_time - ({start})) // {step} AS place, \
             quantile_cont(duration, 0.95) FROM requests GROUP BY service, place"
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
