//! Rows of the segment table.

use duckdb::{Connection, params};

use super::{naming::resolution_name, plan::NewSegment};
use crate::{StoreError, database::sql::id_list};

/// The format of new files. A later format has a greater number.
const FORMAT: u8 = 4;

/// Inserts new segments, and records the greatest id ever used.
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
    if let Some(last) = segments.iter().map(|segment| segment.id.max(segment.part_group)).max() {
        connection.execute("UPDATE manifest SET last_segment = greatest(last_segment, ?)", [last])?;
    }
    Ok(())
}

/// Deletes segments, all or none of them.
pub(crate) fn delete(connection: &Connection, ids: &[u64]) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    let list = id_list(ids.iter().copied());
    let deleted = connection.execute(&format!("DELETE FROM segments WHERE id IN ({list})"), [])?;
    if deleted != ids.len() {
        return Err(StoreError::InvalidRequest("a segment to be replaced was deleted meanwhile".to_owned()));
    }
    connection.execute(&format!("DELETE FROM segment_services WHERE segment_id IN ({list})"), [])?;
    Ok(())
}
