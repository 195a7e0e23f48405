//! Rows of the segment table.

use duckdb::{Connection, params};

use super::{naming::resolution_name, plan::NewSegment};
use crate::{StoreError, database::sql::id_list};

/// What the files look like inside; a later resolution gets a greater number.
const FORMAT: u8 = 3;

/// Inserts new segments.
pub(crate) fn insert(connection: &Connection, segments: &[NewSegment]) -> Result<(), StoreError> {
    for segment in segments {
        connection.execute(
            "INSERT INTO segments VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            params![
                segment.id,
                segment.signal.name(),
                segment.level,
                segment.window.start.0,
                segment.window.end.0,
                segment.first.0,
                segment.last.0,
                segment.points,
                segment.series,
                segment.bytes,
                segment.checksum,
                FORMAT,
                segment.head,
                segment.pinned,
                resolution_name(segment.resolution),
                segment.part_group,
                resolution_name(segment.retention_tier)
            ],
        )?;
        for share in &segment.services {
            connection.execute(
                "INSERT INTO segment_services VALUES (?, ?, ?, ?)",
                params![segment.id, share.service, share.points, share.bytes],
            )?;
        }
    }
    Ok(())
}

/// Deletes segments, all or none of them.
pub(crate) fn delete(connection: &Connection, ids: &[u64]) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    let list = id_list(ids.iter().copied());
    let gone = connection.execute(&format!("DELETE FROM segments WHERE id IN ({list})"), [])?;
    if gone != ids.len() {
        return Err(StoreError::InvalidRequest("a segment to be replaced was deleted meanwhile".to_owned()));
    }
    connection.execute(&format!("DELETE FROM segment_services WHERE segment_id IN ({list})"), [])?;
    Ok(())
}
