//! Retention of points in heads.

use duckdb::{Connection, params};
use model::{DataKind, DataResolution};

use super::plan::{RetentionUnit, UNIT_INTERVAL};
use crate::{StoreError, database::sql::Parameter, metrics::head, read::reader::Reader, segment::manifest};

/// Returns the data of each service in each hour of the heads. They count as no bytes without a
/// file.
pub(super) fn units(reader: &Reader, heads: &[u64]) -> Result<Vec<RetentionUnit>, StoreError> {
    let mut units = Vec::new();
    for table in tables(heads) {
        units.extend(reader.rows(
            &format!(
                "SELECT s.service, count(*), min(p.time), max(p.time) FROM {table} p \
                 JOIN series s ON s.id = p.series_id GROUP BY s.service, p.time // ?"
            ),
            &[Parameter::Signed(UNIT_INTERVAL)],
            |row| {
                Ok(RetentionUnit {
                    kind: DataKind::Metrics,
                    service: row.get(0)?,
                    tier: DataResolution::Points,
                    segment: None,
                    rows: row.get(1)?,
                    rollup_rows: 0,
                    bytes: 0,
                    first: row.get(2)?,
                    last: row.get(3)?,
                    pinned: false,
                })
            },
        )?);
    }
    Ok(units)
}

/// Deletes units from every head. Returns the number of points deleted.
pub(crate) fn delete(connection: &Connection, units: &[RetentionUnit]) -> Result<u64, StoreError> {
    let mut deleted = 0;
    for table in tables(&manifest::heads(connection)?) {
        let mut statement = connection.prepare(&format!(
            "DELETE FROM {table} WHERE time BETWEEN ? AND ? \
             AND series_id IN (SELECT id FROM series WHERE service = ?)"
        ))?;
        for unit in units {
            deleted += statement.execute(params![unit.first, unit.last, unit.service])? as u64;
        }
    }
    Ok(deleted)
}

fn tables(heads: &[u64]) -> impl Iterator<Item = String> {
    heads.iter().flat_map(|id| [head::samples(*id), head::histogram_points(*id)])
}
