//! The spans that were committed last, so that a span that is sent again is stored once.

use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, Instant},
};

use duckdb::Connection;
use model::{IdentityHash, NANOS_PER_SECOND, Span, SpanId, TelemetryBatch, TraceId};
use xxhash_rust::xxh3::Xxh3;

use crate::{
    StoreError,
    database::identifiers::{span_id, trace_id, trace_id_text},
};

/// The age at which a generation ends. Exporters send a request again for five minutes.
const GENERATION: Duration = Duration::from_secs(5 * 60);
/// The number of spans at which a generation ends.
const GENERATION_SPANS: usize = 250_000;
/// Age and maximum number of the spans that are read from the table at the first commit.
const LOADED_AGE: i64 = 15 * 60 * NANOS_PER_SECOND;
const LOADED_SPANS: usize = 100_000;

/// The identities of the spans committed last: of this generation and of the one before.
#[derive(Debug, Default)]
pub(crate) struct SpanIdentities {
    current: HashSet<u64, IdentityHash>,
    previous: HashSet<u64, IdentityHash>,
    began: Option<Instant>,
    /// Those of the transaction that is open.
    pending: Vec<u64>,
}

impl SpanIdentities {
    /// Returns a batch without the spans that are stored already. The identities of the others
    /// count from now on, until [`Self::roll_back`].
    pub(crate) fn without_repeated(
        &mut self,
        batch: &Arc<TelemetryBatch>,
        connection: &Connection,
        now: (i64, Instant),
    ) -> Result<Arc<TelemetryBatch>, StoreError> {
        if batch.spans.is_empty() {
            return Ok(Arc::clone(batch));
        }
        self.advance(connection, now)?;
        let is_new: Vec<bool> = batch.spans.iter().map(|span| self.add(identity(span))).collect();
        if is_new.iter().all(|is_new| *is_new) {
            return Ok(Arc::clone(batch));
        }
        let spans = batch.spans.iter().zip(&is_new).filter(|(_, is_new)| **is_new);
        Ok(Arc::new(TelemetryBatch {
            spans: spans.map(|(span, _)| span.clone()).collect(),
            series: batch.series.clone(),
            samples: batch.samples.clone(),
            histograms: batch.histograms.clone(),
            exemplars: batch.exemplars.clone(),
            logs: batch.logs.clone(),
        }))
    }

    /// Retains the identities of a committed transaction.
    pub(crate) fn settle(&mut self) {
        self.pending.clear();
    }

    /// Forgets the identities of a transaction that failed.
    pub(crate) fn roll_back(&mut self) {
        for identity in self.pending.drain(..) {
            self.current.remove(&identity);
        }
    }

    fn add(&mut self, identity: u64) -> bool {
        let is_new = !self.previous.contains(&identity) && self.current.insert(identity);
        if is_new {
            self.pending.push(identity);
        }
        is_new
    }

    /// Begins a new generation if this one is over, or the first one with the spans of the table.
    fn advance(&mut self, connection: &Connection, (wall, now): (i64, Instant)) -> Result<(), StoreError> {
        let Some(began) = self.began else {
            self.previous = load(connection, wall)?;
            self.began = Some(now);
            return Ok(());
        };
        let is_over =
            self.current.len() >= GENERATION_SPANS || now.saturating_duration_since(began) >= GENERATION;
        // A transaction that fails must find its identities in the current generation.
        if is_over && self.pending.is_empty() {
            self.previous = std::mem::take(&mut self.current);
            self.began = Some(now);
        }
        Ok(())
    }
}

fn load(connection: &Connection, now: i64) -> Result<HashSet<u64, IdentityHash>, StoreError> {
    let sql = format!(
        "SELECT {}, span_id, start_time, duration, kind, name FROM spans WHERE start_time >= {} LIMIT {LOADED_SPANS}",
        trace_id_text("trace_id"),
        now.saturating_sub(LOADED_AGE)
    );
    let mut statement = connection.prepare(&sql)?;
    let rows = statement.query_map([], |row| {
        let (Some(trace), Some(span)) = (trace_id(row.get(0)?), span_id(row.get(1)?)) else {
            return Ok(None);
        };
        let name: String = row.get(5)?;
        Ok(Some(hash(trace, span, row.get(2)?, row.get(3)?, row.get(4)?, &name)))
    })?;
    Ok(rows.filter_map(Result::transpose).collect::<Result<_, _>>()?)
}

fn identity(span: &Span) -> u64 {
    hash(span.trace_id, span.span_id, span.start.0, span.duration, span.kind as u8, &span.name)
}

/// Returns the identity of a span. Two spans with one id but another time or role are both
/// stored: a client and its server share an id in Zipkin, and a span may be sent before it ends.
fn hash(trace: TraceId, span: SpanId, start: i64, duration: i64, kind: u8, name: &str) -> u64 {
    let mut hash = Xxh3::new();
    hash.update(&trace.0);
    hash.update(&span.0);
    hash.update(&start.to_le_bytes());
    hash.update(&duration.to_le_bytes());
    hash.update(&[kind]);
    hash.update(name.as_bytes());
    hash.digest()
}
