//! Reads of log records.

use model::{
    Attributes, Filter, LogCounts, LogLine, Severity, SeverityCounts, TagSummary, TimeRange, Timestamp,
};

use crate::{
    StoreError,
    database::{
        attributes::parse_attributes,
        condition::{Records, SEVERITY_NAME, condition},
        identifiers::{span_id, trace_id, trace_id_text},
        sql::{Parameters, step_start},
    },
    read::{
        limits::{MAX_RECORD_BYTES, MAX_ROWS, bounds, valid_step},
        source::ReadSource,
        tag_counts::TagCounts,
    },
};

/// The number of newest records that fields are collected from.
const FIELD_RECORDS: u32 = 5_000;
/// Names of severity ranges in order of severity.
const SEVERITIES: [&str; 7] = ["unspecified", "trace", "debug", "info", "warn", "error", "fatal"];

/// Returns an estimate of the bytes of memory that a record takes.
fn size(line: &LogLine) -> u64 {
    let attributes = line.attributes.estimated_bytes() + line.resource.estimated_bytes();
    (size_of::<LogLine>() + line.body.len() + line.scope.len() + line.event_name.len()) as u64 + attributes
}

/// The log records of a store or a snapshot.
#[derive(Debug, Clone)]
pub struct Logs {
    pub(crate) source: ReadSource,
}

impl Logs {
    pub(crate) fn new(source: ReadSource) -> Self {
        Self { source }
    }

    /// Finds matching records, newest first, and the cursor of the next page if there is one. A
    /// page of long records has fewer of them than `limit`. A cursor remains valid while records
    /// arrive: each record is returned exactly once.
    pub async fn search(
        &self,
        filter: &Filter,
        range: TimeRange,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<(Vec<LogLine>, Option<String>), StoreError> {
        let limit = limit.min(MAX_ROWS);
        let after = cursor.map(parse_cursor).transpose()?;
        let filter = filter.clone();
        self.source
            .read(move |reader| {
                let (start, end) = bounds(range);
                let mut parameters = Parameters::default();
                let selection = condition(reader, Records::Logs, &filter, &mut parameters)?;
                let after = after
                    .map(|(time, id)| format!("AND (t.time < {time} OR (t.time = {time} AND t.id < {id}))"))
                    .unwrap_or_default();
                let trace = trace_id_text("t.trace_id");
                let mut found = reader.rows_within(
                    &format!(
                        "SELECT t.id, t.time, t.severity, t.severity_text, t.service, t.body, t.attributes, \
                     t.resource_id, t.scope_name, {trace}, t.span_id, t.event_name, t.observed_time, \
                     t.scope_version \
                     FROM logs t WHERE t.time >= {start} AND t.time < {end} {after} AND {selection} \
                     ORDER BY t.time DESC, t.id DESC LIMIT {}",
                        limit.saturating_add(1)
                    ),
                    &parameters.0,
                    MAX_RECORD_BYTES,
                    |(_, line)| size(line),
                    |row| {
                        let id: i64 = row.get(0)?;
                        let mut attributes = parse_attributes(&row.get::<_, String>(6)?);
                        Ok((
                            id,
                            LogLine {
                                id: id.to_string(),
                                time: Timestamp(row.get(1)?),
                                observed_time: Timestamp(row.get(12)?),
                                severity: Severity(row.get(2)?),
                                severity_text: row.get(3)?,
                                service: row.get(4)?,
                                body: row.get(5)?,
                                flags: attributes.take_flags(),
                                attributes: attributes.exact(),
                                resource: reader.catalog.resource_attributes(row.get(7)?)?.exact(),
                                scope: row.get(8)?,
                                scope_version: row.get(13)?,
                                trace_id: trace_id(row.get(9)?),
                                span_id: span_id(row.get(10)?),
                                event_name: row.get(11)?,
                            },
                        ))
                    },
                )?;
                let bytes: u64 = found.iter().map(|(_, line)| size(line)).sum();
                let more = found.len() > limit as usize || bytes > MAX_RECORD_BYTES;
                found.truncate(limit as usize);
                let cursor = found.last().filter(|_| more).map(|(id, line)| format!("{}.{id}", line.time.0));
                Ok((found.into_iter().map(|(_, line)| line).collect(), cursor))
            })
            .await
    }

    /// Counts the matching records per step (of nanoseconds since the epoch) and severity.
    pub async fn count(&self, filter: &Filter, range: TimeRange, step: i64) -> Result<LogCounts, StoreError> {
        let step = valid_step(range, step)?;
        let filter = filter.clone();
        self.source
            .read(move |reader| {
                let (start, end) = bounds(range);
                let mut parameters = Parameters::default();
                let selection = condition(reader, Records::Logs, &filter, &mut parameters)?;
                let bucket = step_start("t.time", step);
                let rows = reader.rows(
                    &format!(
                        "SELECT {bucket} AS bucket, {SEVERITY_NAME} AS name, count(*) FROM logs t \
                     WHERE t.time >= {start} AND t.time < {end} AND {selection} GROUP BY bucket, name"
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
                            let index =
                                usize::try_from(time.saturating_sub(first) / step).unwrap_or(usize::MAX);
                            if let Some(total) = counts.get_mut(index) {
                                *total += count;
                            }
                        }
                        SeverityCounts { severity: (*severity).to_owned(), counts }
                    })
                    .collect();
                Ok(LogCounts { step, times, counts, total })
            })
            .await
    }

    /// Counts the matching records per service, most first.
    pub async fn count_by_service(
        &self,
        filter: &Filter,
        range: TimeRange,
    ) -> Result<Vec<(String, u64)>, StoreError> {
        let filter = filter.clone();
        self.source
            .read(move |reader| {
                let (start, end) = bounds(range);
                let mut parameters = Parameters::default();
                let selection = condition(reader, Records::Logs, &filter, &mut parameters)?;
                reader.rows(
                    &format!(
                        "SELECT t.service, count(*) AS records FROM logs t \
                     WHERE t.time >= {start} AND t.time < {end} AND {selection} \
                     GROUP BY t.service ORDER BY records DESC, t.service LIMIT {MAX_ROWS}"
                    ),
                    &parameters.0,
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )
            })
            .await
    }

    /// Returns the fields of the newest 5,000 records of the range with their values, most frequent
    /// first.
    pub async fn fields(&self, range: TimeRange) -> Result<Vec<TagSummary>, StoreError> {
        self.source
            .read(move |reader| {
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
                        for (index, key) in ["severity", "service", "scope", "event"].into_iter().enumerate()
                        {
                            let value: String = row.get(index)?;
                            if !value.is_empty() {
                                fields.add(key.to_owned(), value);
                            }
                        }
                        let own = parse_attributes(&row.get::<_, String>(4)?);
                        let Attributes(mut attributes) = reader.catalog.resource_attributes(row.get(5)?)?;
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

/// Parses a cursor: time and id of the last record of a page.
fn parse_cursor(cursor: &str) -> Result<(i64, i64), StoreError> {
    cursor
        .split_once('.')
        .and_then(|(time, id)| Some((time.parse().ok()?, id.parse().ok()?)))
        .ok_or_else(|| StoreError::InvalidRequest(format!("{cursor:?} is not a cursor of a log page")))
}
