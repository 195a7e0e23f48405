//! Rates, errors and durations of services, from their spans.

use model::{
    Filter, OperationSummary, ServiceDetail, ServiceRequest, ServiceSummary, ServicesRequest, TimeRange,
    Timestamp,
};

use super::{
    read::Traces,
    requests::{MEASURES, requests_table},
    service_summary::{summaries, summaries_where},
};
use crate::{
    StoreError,
    database::sql::{Parameters, step_start},
    history::reader::HistoryReader,
    read::limits::valid_step,
};

/// The operations returned of one service, at most.
const MAX_OPERATIONS: u32 = 200;
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
                       row_number() OVER (ORDER BY start_time, duration) AS number, count(*) OVER () AS total \
                       FROM requests) \
                     SELECT CAST(duration AS DOUBLE) FROM numbered \
                     WHERE total <= {limit} OR (number * {limit}) // total <> ((number - 1) * {limit}) // total \
                     ORDER BY number"
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
