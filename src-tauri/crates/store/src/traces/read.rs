//! Reads of traces.

use model::{
    Filter, SpanEvent, SpanId, SpanKind, SpanLink, SpanRow, SpanStatus, TimeRange, Timestamp, Trace, TraceId,
    TraceOrder, TraceSummary,
};

use crate::{
    StoreError,
    database::{
        attributes::parse_attributes,
        condition::{Records, condition},
        identifiers::{span_id, trace_id, trace_id_text},
        sql::Parameters,
    },
    read::{
        limits::{MAX_RECORD_BYTES, MAX_ROWS, bounds},
        reader::Reader,
        source::ReadSource,
    },
};

/// The margin around the range in which the other spans of a trace are searched for sorting, in
/// nanoseconds.
const MARGIN: i64 = 3600 * 1_000_000_000;
/// Nanoseconds from the first start to the last end of a group of spans.
const LENGTH: &str = "CAST(least(CAST(max(start_time + duration) AS HUGEINT) \
    - CAST(min(start_time) AS HUGEINT), 9223372036854775807) AS BIGINT)";

/// Returns an estimate of the bytes of memory that a span takes.
fn size(span: &SpanRow) -> u64 {
    let events = span.events.iter().map(|event| event.name.len() as u64 + event.attributes.estimated_bytes());
    let links = span.links.iter().map(|link| link.attributes.estimated_bytes());
    let texts = [&span.name, &span.status_message, &span.scope, &span.trace_state];
    let attributes = span.attributes.estimated_bytes() + span.resource.estimated_bytes();
    let nested = texts.iter().map(|text| text.len() as u64).chain(events).chain(links).sum::<u64>();
    size_of::<SpanRow>() as u64 + nested + attributes
}

/// The spans of a store or a snapshot.
#[derive(Debug, Clone)]
pub struct Traces {
    pub(crate) source: ReadSource,
}

impl Traces {
    pub(crate) fn new(source: ReadSource) -> Self {
        Self { source }
    }

    /// Finds whole traces with a matching span that started in the range. Returns whether there are
    /// more than the limit. `Newest` sorts by the latest matching span.
    pub async fn search(
        &self,
        filter: &Filter,
        range: TimeRange,
        order: TraceOrder,
        limit: u32,
    ) -> Result<(Vec<TraceSummary>, bool), StoreError> {
        let limit = limit.min(MAX_ROWS);
        let filter = filter.clone();
        self.source.read(move |reader| {
            let (start, end) = bounds(range);
            let (first, last) = (start.saturating_sub(MARGIN), end.saturating_add(MARGIN));
            let mut parameters = Parameters::default();
            let selection = condition(reader, Records::Spans, &filter, &mut parameters)?;
            let one_more = limit.saturating_add(1);
            let ordered = match order {
                TraceOrder::Newest => {
                    format!("SELECT trace_id FROM hits ORDER BY latest DESC, trace_id LIMIT {one_more}")
                }
                TraceOrder::Slowest => format!(
                    "SELECT trace_id FROM spans WHERE start_time >= {first} AND start_time < {last} \
                     AND trace_id IN (SELECT trace_id FROM hits) \
                     GROUP BY trace_id ORDER BY {LENGTH} DESC, trace_id LIMIT {one_more}"
                ),
            };
            let sql = format!(
                "WITH hits AS (SELECT t.trace_id, max(t.start_time) AS latest FROM spans t \
                   WHERE t.start_time >= {start} AND t.start_time < {end} AND {selection} GROUP BY t.trace_id), \
                 chosen AS ({ordered}) SELECT {} FROM chosen",
                trace_id_text("trace_id")
            );
            let mut ids: Vec<TraceId> = reader
                .rows(&sql, &parameters.0, |row| Ok(trace_id(row.get(0)?)))?
                .into_iter()
                .flatten()
                .collect();
            let more = ids.len() > limit as usize;
            ids.truncate(limit as usize);
            let mut summaries = summaries(reader, &ids)?;
            match order {
                TraceOrder::Newest => summaries.sort_by_key(|trace| std::cmp::Reverse(trace.start)),
                TraceOrder::Slowest => summaries.sort_by_key(|trace| std::cmp::Reverse(trace.duration)),
            }
            Ok((summaries, more))
        })
        .await
    }

    /// Returns a trace with at most `limit` spans in order of start, or none if it has no span.
    /// Of a trace of long spans there are fewer.
    pub async fn trace(&self, id: TraceId, limit: u32) -> Result<Option<Trace>, StoreError> {
        self.source
            .read(move |reader| {
                let Some(summary) = summaries(reader, &[id])?.into_iter().next() else {
                    return Ok(None);
                };
                let limit = limit.min(MAX_ROWS);
                let spans = reader.rows_within(
                    &format!(
                        "SELECT span_id, parent_span_id, name, service, kind, start_time, duration, status, \
                     status_message, attributes, resource_id, scope_name, events, links, scope_version, \
                     trace_state FROM spans \
                     WHERE trace_id = CAST('{id}' AS UUID) ORDER BY start_time, span_id LIMIT {limit}"
                    ),
                    &[],
                    MAX_RECORD_BYTES,
                    size,
                    |row| {
                        let start = Timestamp(row.get(5)?);
                        let mut attributes = parse_attributes(&row.get::<_, String>(9)?);
                        Ok(SpanRow {
                            span_id: span_id(row.get(0)?).unwrap_or(SpanId([0; 8])),
                            parent_span_id: span_id(row.get(1)?),
                            name: row.get(2)?,
                            service: row.get(3)?,
                            kind: kind(row.get(4)?),
                            start,
                            offset: start.since(summary.start),
                            duration: row.get(6)?,
                            status: status(row.get(7)?),
                            status_message: row.get(8)?,
                            flags: attributes.take_flags(),
                            attributes: attributes.exact(),
                            resource: reader.catalog.resource_attributes(row.get(10)?)?.exact(),
                            scope: row.get(11)?,
                            scope_version: row.get(14)?,
                            trace_state: row.get(15)?,
                            events: events(&row.get::<_, String>(12)?),
                            links: links(&row.get::<_, String>(13)?),
                        })
                    },
                )?;
                Ok(Some(Trace { summary, spans }))
            })
            .await
    }
}

fn summaries(reader: &Reader, ids: &[TraceId]) -> Result<Vec<TraceSummary>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let list: Vec<String> = ids.iter().map(|id| format!("CAST('{id}' AS UUID)")).collect();
    let first = |column: &str| {
        format!(
            "coalesce(arg_min({column}, start_time) FILTER (parent_span_id IS NULL), \
             arg_min({column}, start_time))"
        )
    };
    let sql = format!(
        "SELECT {}, {}, {}, min(start_time), {LENGTH}, count(*), count(*) FILTER (status = 2), \
         CAST(to_json(list_sort(list(DISTINCT service))) AS VARCHAR), bool_or(parent_span_id IS NULL) \
         FROM spans WHERE trace_id IN ({}) GROUP BY trace_id",
        trace_id_text("trace_id"),
        first("name"),
        first("service"),
        list.join(",")
    );
    let found = reader.rows(&sql, &[], |row| {
        let Some(id) = trace_id(row.get(0)?) else { return Ok(None) };
        Ok(Some(TraceSummary {
            trace_id: id,
            root_name: row.get(1)?,
            root_service: row.get(2)?,
            start: Timestamp(row.get(3)?),
            duration: row.get(4)?,
            spans: u32::try_from(row.get::<_, u64>(5)?).unwrap_or(u32::MAX),
            errors: u32::try_from(row.get::<_, u64>(6)?).unwrap_or(u32::MAX),
            services: serde_json::from_str(&row.get::<_, String>(7)?).unwrap_or_default(),
            complete: row.get(8)?,
        }))
    })?;
    Ok(found.into_iter().flatten().collect())
}

/// Parses the events of a span. Those that are nested too deep to be parsed are dropped.
fn events(text: &str) -> Vec<SpanEvent> {
    let events: Vec<SpanEvent> = serde_json::from_str(text).unwrap_or_default();
    events.into_iter().map(|event| SpanEvent { attributes: event.attributes.exact(), ..event }).collect()
}

/// Parses the links of a span. Those that are nested too deep to be parsed are dropped.
fn links(text: &str) -> Vec<SpanLink> {
    let links: Vec<SpanLink> = serde_json::from_str(text).unwrap_or_default();
    links.into_iter().map(|link| SpanLink { attributes: link.attributes.exact(), ..link }).collect()
}

fn kind(number: u8) -> SpanKind {
    match number {
        1 => SpanKind::Internal,
        2 => SpanKind::Server,
        3 => SpanKind::Client,
        4 => SpanKind::Producer,
        5 => SpanKind::Consumer,
        _ => SpanKind::Unspecified,
    }
}

fn status(number: u8) -> SpanStatus {
    match number {
        1 => SpanStatus::Ok,
        2 => SpanStatus::Error,
        _ => SpanStatus::Unset,
    }
}
