//! What is kept and for how long.

mod levels;
mod plan;
mod unsealed;

use std::{
    collections::{BTreeMap, HashSet},
    time::Duration,
};

use model::{DataKind, DataResolution, DropReason, RetentionLimits, RetentionPreview, Timestamp};
pub(crate) use plan::Piece;
pub(crate) use unsealed::delete as delete_unsealed;

use crate::{Changed, Store, StoreError, maintain::Request, reader::Reader, sql::Parameter};

/// Counting what is there reads whole tables.
const COUNTING: Duration = Duration::from_secs(300);
/// Rows of a table that go together: what one service has in so much time, in nanoseconds.
const STRETCH: i64 = 3600 * model::NANOS_PER_SECOND;
/// What a row takes beside its texts, in bytes.
const ROW_BYTES: u64 = 64;

/// What goes, ready to be taken away.
#[derive(Debug, Clone)]
pub struct RetentionPlan {
    /// The same in words and figures.
    pub preview: RetentionPreview,
    going: Vec<(Piece, DropReason)>,
    oldest_exemplar: Option<i64>,
}

impl Store {
    /// Finds out what is there and what goes under these limits. Points that are not sealed yet count as no bytes;
    /// whatever an alert's evidence was taken from stays.
    pub async fn plan_retention(
        &self,
        limits: &[RetentionLimits],
        now: Timestamp,
    ) -> Result<RetentionPlan, StoreError> {
        let pieces = self.read_for(COUNTING, pieces).await?;
        let going = plan::plan(&pieces, limits, now);
        let metrics = limits.iter().find(|limits| limits.kind == DataKind::Metrics);
        let preview = RetentionPreview {
            at: now,
            limits: limits.to_vec(),
            stored: plan::kept(&pieces),
            growth: plan::growth(&pieces, limits, now),
            dropped: plan::summary(&going),
        };
        let oldest_exemplar = metrics.map(|limits| now.0.saturating_sub(limits.age));
        Ok(RetentionPlan { preview, going, oldest_exemplar })
    }

    /// Takes away what a plan says, and then series that have no point left and resources that
    /// nothing refers to. Each partition and each stretch of rows is
    /// a commit of its own: a crash leaves some of them to the next time.
    pub async fn apply_retention(&self, plan: RetentionPlan) -> Result<(), StoreError> {
        let mut partitions: BTreeMap<u64, HashSet<String>> = BTreeMap::new();
        let mut unsealed = Vec::new();
        let mut rows = false;
        for (piece, _) in plan.going {
            match piece.partition {
                Some(id) => {
                    partitions.entry(id).or_default().insert(piece.service);
                }
                None if piece.kind == DataKind::Metrics => unsealed.push(piece),
                None => {
                    self.delete_rows(piece).await?;
                    rows = true;
                }
            }
        }
        if let Some(oldest) = plan.oldest_exemplar {
            let changed = Changed { samples: true, ..Changed::default() };
            let gone = self
                .change(changed, move |connection| {
                    Ok(connection.execute("DELETE FROM exemplars WHERE time < ?", [oldest])? as u64)
                })
                .await?;
            rows |= gone > 0;
        }
        let partitions = partitions.into_iter().collect();
        self.maintain(Request::Retain { unsealed, partitions, rows }).await?;
        Ok(())
    }

    async fn delete_rows(&self, piece: Piece) -> Result<u64, StoreError> {
        let (sql, changed) = match piece.kind {
            DataKind::Metrics => return Ok(0),
            DataKind::Logs => (
                "DELETE FROM logs WHERE service = ? AND time BETWEEN ? AND ?",
                Changed { logs: true, ..Changed::default() },
            ),
            DataKind::Spans => (
                "DELETE FROM spans WHERE service = ? AND start_time BETWEEN ? AND ?",
                Changed { spans: true, ..Changed::default() },
            ),
        };
        self.change(changed, move |connection| {
            Ok(connection.execute(sql, duckdb::params![piece.service, piece.first, piece.last])? as u64)
        })
        .await
    }
}

/// Everything that could go.
fn pieces(reader: &Reader) -> Result<Vec<Piece>, StoreError> {
    let layout = reader.layout()?;
    let mut pieces: Vec<Piece> = Vec::new();
    for file in &layout.partitions {
        let info = &file.info;
        pieces.extend(info.services.iter().map(|share| Piece {
            kind: DataKind::Metrics,
            service: share.service.clone(),
            partition: Some(info.id),
            detail: info.lasts,
            rows: if info.holds_points() { share.points } else { 0 },
            steps: if info.form == DataResolution::Points { 0 } else { share.points },
            bytes: share.bytes,
            first: info.first.0,
            last: info.last.0,
            pinned: info.pinned,
        }));
    }
    pieces.extend(unsealed::pieces(reader, &layout.heads)?);
    pieces.extend(rows(reader, DataKind::Logs, "logs", "time", "strlen(body) + strlen(attributes)")?);
    let texts = "strlen(name) + strlen(attributes) + strlen(events) + strlen(links)";
    pieces.extend(rows(reader, DataKind::Spans, "spans", "start_time", texts)?);
    let evidence: Vec<(i64, i64)> = reader.rows(
        "SELECT CAST(json_extract(document, '$.range.start') AS BIGINT), \
         CAST(json_extract(document, '$.range.end') AS BIGINT) FROM evidence",
        &[],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    for piece in &mut pieces {
        piece.pinned |= evidence.iter().any(|(start, end)| piece.first < *end && piece.last >= *start);
    }
    Ok(pieces)
}

fn rows(
    reader: &Reader,
    kind: DataKind,
    table: &str,
    time: &str,
    texts: &str,
) -> Result<Vec<Piece>, StoreError> {
    reader.rows(
        &format!(
            "SELECT service, count(*), CAST(sum({texts} + {ROW_BYTES}) AS UBIGINT), min({time}), max({time}) \
             FROM {table} GROUP BY service, {time} // ?"
        ),
        &[Parameter::Signed(STRETCH)],
        |row| {
            Ok(Piece {
                kind,
                service: row.get(0)?,
                detail: DataResolution::Points,
                partition: None,
                rows: row.get(1)?,
                steps: 0,
                bytes: row.get(2)?,
                first: row.get(3)?,
                last: row.get(4)?,
                pinned: false,
            })
        },
    )
}
