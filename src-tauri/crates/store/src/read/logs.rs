//! Reading log records.

use model::{
    Attributes, Filter, LogCounts, LogLine, Severity, SeverityCounts, TagSummary, TimeRange, Timestamp,
};

use super::{MOST_ROWS, bounds, catalog::TagCounts, span_id, trace_id, trace_id_text, valid_step};
use crate::{
    Store, StoreError,
    condition::{Records, SEVERITY_NAME, condition},
    dictionary::parse_attributes,
    sql::{Parameters, step_start},
};

/// Records that the fields are gathered from, the newest.
const FIELD_RECORDS: u32 = 5_000;
/// Names of severity ranges in order of severity.
const SEVERITIES: [&str; 7] = ["unspecified", "trace", "debug", "info", "warn", "error", "fatal"];

impl Store {
    /// Matching records, newest first, and where the next page begins if there is one. A cursor stays
    /// valid while new records arrive: no record is given twice or left out.
    pub async fn search_logs(
        &self,
        filter: &Filter,
        range: TimeRange,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<(Vec<LogLine>, Option<String>), StoreError> {
        let limit = limit.min(MOST_ROWS);
        let after = cursor.map(parse_cursor).transpose()?;
        let filter = filter.clone();
        self.read(move |reader| {
            let (start, end) = bounds(range);
            let mut parameters = Parameters::default();
            let wanted = condition(reader, Records::Logs, &filter, &mut parameters)?;
            let after = after
                .map(|(time, id)| format!("AND (t.time < {time} OR (t.time = {time} AND t.id < {id}))"))
                .unwrap_or_default();
            let trace = trace_id_text("t.trace_id");
            let mut found = reader.rows(
                &format!(
                    "SELECT t.id, t.time, t.severity, t.severity_text, t.service, t.body, t.attributes, \
                     t.resource_id, t.scope_name, {trace}, t.span_id, t.event_name \
                     FROM logs t WHERE t.time >= {start} AND t.time < {end} {after} AND {wanted} \
                     ORDER BY t.time DESC, t.id DESC LIMIT {}",
                    limit.saturating_add(1)
                ),
                &parameters.0,
                |row| {
                    let id: i64 = row.get(0)?;
                    Ok((
                        id,
                        LogLine {
                            id: id.to_string(),
                            time: Timestamp(row.get(1)?),
                            severity: Severity(row.get(2)?),
                            severity_text: row.get(3)?,
                            service: row.get(4)?,
                            body: row.get(5)?,
                            attributes: parse_attributes(&row.get::<_, String>(6)?),
                            resource: reader.dictionary.resource_attributes(row.get(7)?),
                            scope: row.get(8)?,
                            trace_id: trace_id(row.get(9)?),
                            span_id: span_id(row.get(10)?),
                            event_name: row.get(11)?,
                        },
                    ))
                },
            )?;
            let more = found.len() > limit as usize;
            found.truncate(limit as usize);
            let cursor = found.last().filter(|_| more).map(|(id, line)| format!("{}.{id}", line.time.0));
            Ok((found.into_iter().map(|(_, line)| line).collect(), cursor))
        })
        .await
    }

    /// How many records match per step (counted from the epoch) and severity.
    pub async fn count_logs(
        &self,
        filter: &Filter,
        range: TimeRange,
        step: i64,
    ) -> Result<LogCounts, StoreError> {
        let step = valid_step(range, step)?;
        let filter = filter.clone();
        self.read(move |reader| {
            let (start, end) = bounds(range);
            let mut parameters = Parameters::default();
            let wanted = condition(reader, Records::Logs, &filter, &mut parameters)?;
            let bucket = step_start("t.time", step);
            let rows = reader.rows(
                &format!(
                    "SELECT {bucket} AS bucket, {SEVERITY_NAME} AS name, count(*) FROM logs t \
                     WHERE t.time >= {start} AND t.time < {end} AND {wanted} GROUP BY bucket, name"
                ),
                &parameters.0,
                |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, u64>(2)?)),
            )?;
            let first = Timestamp(start).floor(step).0;
            let times: Vec<Timestamp> = std::iter::successors(Some(first), |time| time.checked_add(step))
                .take_while(|time| *time < end)
                .map(Timestamp)
                .collect();
            let total = rows.iter().map(|(.., count)| count).sum();
            let counts = SEVERITIES
                .iter()
                .filter(|severity| rows.iter().any(|(_, name, _)| name == *severity))
                .map(|severity| {
                    let mut counts = vec![0; times.len()];
                    for (time, _, count) in rows.iter().filter(|(_, name, _)| name == severity) {
                        let index = usize::try_from(time.saturating_sub(first) / step).unwrap_or(usize::MAX);
                        if let Some(place) = counts.get_mut(index) {
                            *place += count;
                        }
                    }
                    SeverityCounts { severity: (*severity).to_owned(), counts }
                })
                .collect();
            Ok(LogCounts { step, times, counts, total })
        })
        .await
    }

    /// How many records match per service, most first.
    pub async fn count_logs_by_service(
        &self,
        filter: &Filter,
        range: TimeRange,
    ) -> Result<Vec<(String, u64)>, StoreError> {
        let filter = filter.clone();
        self.read(move |reader| {
            let (start, end) = bounds(range);
            let mut parameters = Parameters::default();
            let wanted = condition(reader, Records::Logs, &filter, &mut parameters)?;
            reader.rows(
                &format!(
                    "SELECT t.service, count(*) AS records FROM logs t \
                     WHERE t.time >= {start} AND t.time < {end} AND {wanted} \
                     GROUP BY t.service ORDER BY records DESC, t.service LIMIT {MOST_ROWS}"
                ),
                &parameters.0,
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
        })
        .await
    }

    /// Fields of the newest 5,000 records of the range with their values, commonest first.
    pub async fn log_fields(&self, range: TimeRange) -> Result<Vec<TagSummary>, StoreError> {
        self.read(move |reader| {
            let (start, end) = bounds(range);
            let mut fields = TagCounts::default();
            reader.rows(
                &format!(
                    "SELECT {SEVERITY_NAME}, t.service, t.scope_name, t.event_name, t.attributes, \
                     t.resource_id FROM logs t WHERE t.time >= {start} AND t.time < {end} \
                     ORDER BY t.time DESC LIMIT {FIELD_RECORDS}"
                ),
                &[],
                |row| {
                    for (index, key) in ["severity", "service", "scope", "event"].into_iter().enumerate() {
                        let value: String = row.get(index)?;
                        if !value.is_empty() {
                            fields.add(key.to_owned(), value);
                        }
                    }
                    let own = parse_attributes(&row.get::<_, String>(4)?);
                    let Attributes(mut attributes) = reader.dictionary.resource_attributes(row.get(5)?);
                    attributes.extend(own.0);
                    for (key, value) in attributes {
                        if key != "service.name" {
                            fields.add(key, value.to_string());
                        }
                    }
                    Ok(())
                },
            )?;
            Ok(fields.summaries())
        })
        .await
    }
}

/// Time and number of the last record of a page.
fn parse_cursor(cursor: &str) -> Result<(i64, i64), StoreError> {
    cursor
        .split_once('.')
        .and_then(|(time, id)| Some((time.parse().ok()?, id.parse().ok()?)))
        .ok_or_else(|| StoreError::InvalidRequest(format!("{cursor:?} is not a cursor of a log page")))
}
