//! Retention: deletion of data by age and size.

pub(crate) mod apply;
pub(crate) mod gc;
pub(crate) mod levels;
pub(crate) mod plan;
pub(crate) mod preview;
pub(crate) mod unsealed;

use std::{
    collections::{BTreeMap, HashSet},
    time::Duration,
};

use model::{DataKind, DataResolution, DropReason, RetentionLimits, RetentionPreview, Timestamp};

use self::plan::{RetentionUnit, UNIT_INTERVAL};
use crate::{
    Changed, StoreError, admin::Admin, database::sql::Parameter, maintenance::request::Request,
    read::reader::Reader,
};

/// The deadline for counting, which reads whole tables.
const COUNT_DEADLINE: Duration = Duration::from_secs(300);
/// The size of a row without its texts, in bytes.
const ROW_BYTES: u64 = 64;

/// The data to be deleted.
#[derive(Debug, Clone)]
pub struct RetentionPlan {
    /// A summary of the plan.
    pub preview: RetentionPreview,
    selected: Vec<(RetentionUnit, DropReason)>,
    oldest_exemplar: Option<i64>,
}

impl Admin {
    /// Plans what is deleted under limits. Unsealed points count as no bytes. Data with evidence of
    /// alerts are retained.
    pub async fn plan_retention(
        &self,
        limits: &[RetentionLimits],
        now: Timestamp,
    ) -> Result<RetentionPlan, StoreError> {
        let units = self.read(Some(COUNT_DEADLINE), units).await?;
        let selected = plan::plan(&units, limits, now);
        let metrics = limits.iter().find(|limits| limits.kind == DataKind::Metrics);
        let preview = RetentionPreview {
            at: now,
            limits: limits.to_vec(),
            stored: preview::stored(&units),
            growth: preview::growth(&units, limits, now),
            dropped: preview::summary(&selected),
        };
        let oldest_exemplar = metrics.map(|limits| now.0.saturating_sub(limits.age));
        Ok(RetentionPlan { preview, selected, oldest_exemplar })
    }

    /// Deletes the data of a plan, then series without points and resources without references.
    /// Each segment and each interval of rows is a commit of its own. After a crash the next run
    /// deletes the rest.
    pub async fn apply_retention(&self, plan: RetentionPlan) -> Result<(), StoreError> {
        let mut segments: BTreeMap<u64, HashSet<String>> = BTreeMap::new();
        let mut unsealed = Vec::new();
        let mut rows = false;
        for (unit, _) in plan.selected {
            match unit.segment {
                Some(id) => {
                    segments.entry(id).or_default().insert(unit.service);
                }
                None if unit.kind == DataKind::Metrics => unsealed.push(unit),
                None => {
                    self.delete_rows(unit).await?;
                    rows = true;
                }
            }
        }
        if let Some(oldest) = plan.oldest_exemplar {
            let changed = Changed { samples: true, ..Changed::default() };
            let deleted = self
                .instance
                .change(changed, move |connection| {
                    Ok(connection.execute("DELETE FROM exemplars WHERE time < ?", [oldest])? as u64)
                })
                .await?;
            rows |= deleted > 0;
        }
        let segments = segments.into_iter().collect();
        self.instance.maintain(Request::ApplyRetention { unsealed, segments, rows }).await?;
        Ok(())
    }

    async fn delete_rows(&self, unit: RetentionUnit) -> Result<u64, StoreError> {
        let (sql, changed) = match unit.kind {
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
        self.instance
            .change(changed, move |connection| {
                Ok(connection.execute(sql, duckdb::params![unit.service, unit.first, unit.last])? as u64)
            })
            .await
    }
}

/// Returns all data as units.
fn units(reader: &Reader) -> Result<Vec<RetentionUnit>, StoreError> {
    let manifest = reader.manifest()?;
    let mut units: Vec<RetentionUnit> = Vec::new();
    for file in &manifest.segments {
        let info = &file.info;
        units.extend(info.services.iter().map(|share| RetentionUnit {
            kind: DataKind::Metrics,
            service: share.service.clone(),
            segment: Some(info.id),
            tier: info.retention_tier,
            rows: if info.holds_points() { share.points } else { 0 },
            rollup_rows: if info.resolution == DataResolution::Points { 0 } else { share.points },
            bytes: share.bytes,
            first: info.first.0,
            last: info.last.0,
            pinned: info.pinned,
        }));
    }
    units.extend(unsealed::units(reader, &manifest.heads)?);
    units.extend(rows(reader, DataKind::Logs, "logs", "time", "strlen(body) + strlen(attributes)")?);
    let texts = "strlen(name) + strlen(attributes) + strlen(events) + strlen(links)";
    units.extend(rows(reader, DataKind::Spans, "spans", "start_time", texts)?);
    let evidence: Vec<(i64, i64)> = reader.rows(
        "SELECT CAST(json_extract(document, '$.range.start') AS BIGINT), \
         CAST(json_extract(document, '$.range.end') AS BIGINT) FROM evidence",
        &[],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    for unit in &mut units {
        unit.pinned |= evidence.iter().any(|(start, end)| unit.first < *end && unit.last >= *start);
    }
    Ok(units)
}

fn rows(
    reader: &Reader,
    kind: DataKind,
    table: &str,
    time: &str,
    texts: &str,
) -> Result<Vec<RetentionUnit>, StoreError> {
    reader.rows(
        &format!(
            "SELECT service, count(*), CAST(sum({texts} + {ROW_BYTES}) AS UBIGINT), min({time}), max({time}) \
             FROM {table} GROUP BY service, {time} // ?"
        ),
        &[Parameter::Signed(UNIT_INTERVAL)],
        |row| {
            Ok(RetentionUnit {
                kind,
                service: row.get(0)?,
                tier: DataResolution::Points,
                segment: None,
                rows: row.get(1)?,
                rollup_rows: 0,
                bytes: row.get(2)?,
                first: row.get(3)?,
                last: row.get(4)?,
                pinned: false,
            })
        },
    )
}
