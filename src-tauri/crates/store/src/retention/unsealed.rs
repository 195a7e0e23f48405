//! Points of heads, which go as rows do.

use duckdb::{Connection, params};
use model::{DataKind, DataResolution};

use super::{Piece, STRETCH};
use crate::{StoreError, head, reader::Reader, sql::Parameter};

/// What each service has in each hour of the heads. It counts as no bytes, for it has no file yet.
pub(super) fn pieces(reader: &Reader, heads: &[u64]) -> Result<Vec<Piece>, StoreError> {
    let mut pieces = Vec::new();
    for table in tables(heads) {
        pieces.extend(reader.rows(
            &format!(
                "SELECT s.service, count(*), min(p.time), max(p.time) FROM {table} p \
                 JOIN series s ON s.id = p.series_id GROUP BY s.service, p.time // ?"
            ),
            &[Parameter::Signed(STRETCH)],
            |row| {
                Ok(Piece {
                    kind: DataKind::Metrics,
                    service: row.get(0)?,
                    detail: DataResolution::Points,
                    partition: None,
                    rows: row.get(1)?,
                    steps: 0,
                    bytes: 0,
                    first: row.get(2)?,
                    last: row.get(3)?,
                    pinned: false,
                })
            },
        )?);
    }
    Ok(pieces)
}

/// Deletes what pieces of heads say from every head there is; how many points went.
pub(crate) fn delete(connection: &Connection, pieces: &[Piece]) -> Result<u64, StoreError> {
    let mut gone = 0;
    for table in tables(&head::all(connection)?) {
        let mut statement = connection.prepare(&format!(
            "DELETE FROM {table} WHERE time BETWEEN ? AND ? \
             AND series_id IN (SELECT id FROM series WHERE service = ?)"
        ))?;
        for piece in pieces {
            gone += statement.execute(params![piece.first, piece.last, piece.service])? as u64;
        }
    }
    Ok(gone)
}

fn tables(heads: &[u64]) -> impl Iterator<Item = String> {
    heads.iter().flat_map(|id| [head::samples(*id), head::histogram_points(*id)])
}
