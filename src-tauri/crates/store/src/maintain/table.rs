//! Rows of the partition table.

use duckdb::{Connection, params};

use crate::{StoreError, layout::detail_name, partition::NewPartition, sql::id_list};

/// What the files look like inside; a later form gets a greater number.
const FORMAT: u8 = 3;

/// Enters new partitions.
pub(crate) fn insert(connection: &Connection, partitions: &[NewPartition]) -> Result<(), StoreError> {
    for partition in partitions {
        connection.execute(
            "INSERT INTO partition_files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            params![
                partition.id,
                partition.signal.name(),
                partition.level,
                partition.window.start.0,
                partition.window.end.0,
                partition.first.0,
                partition.last.0,
                partition.points,
                partition.series,
                partition.bytes,
                partition.checksum,
                FORMAT,
                partition.head,
                partition.pinned,
                detail_name(partition.form),
                partition.bundle,
                detail_name(partition.lasts)
            ],
        )?;
        for share in &partition.services {
            connection.execute(
                "INSERT INTO partition_services VALUES (?, ?, ?, ?)",
                params![partition.id, share.service, share.points, share.bytes],
            )?;
        }
    }
    Ok(())
}

/// Takes partitions out, all or none of them.
pub(crate) fn delete(connection: &Connection, ids: &[u64]) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    let list = id_list(ids.iter().copied());
    let gone = connection.execute(&format!("DELETE FROM partition_files WHERE id IN ({list})"), [])?;
    if gone != ids.len() {
        return Err(StoreError::InvalidRequest(
            "a partition to be replaced is not there any more".to_owned(),
        ));
    }
    connection.execute(&format!("DELETE FROM partition_services WHERE partition_id IN ({list})"), [])?;
    Ok(())
}
