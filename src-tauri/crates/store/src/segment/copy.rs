//! Segment files that the database writes from the rows of a statement.

use std::{fs, path::Path};

use super::{
    checksum::checksum,
    file::{UNFINISHED, Unfinished, Written},
    file_metadata::{self, FileMetadata},
    info::Segment,
    naming::file_path,
    plan::{NewSegment, SegmentPlan},
    signal::SegmentSignal,
    signal_segments::RowColumns,
    tally::Tally,
};
use crate::{
    StoreError,
    database::{
        paths::{file_error, path_text},
        sql::quote,
    },
    read::reader::Reader,
};

/// Writes the rows of a statement to the file of a plan. Returns none if there are no rows.
pub(crate) fn write_rows(
    reader: &Reader,
    select: &str,
    signal: SegmentSignal,
    columns: RowColumns,
    plan: SegmentPlan,
    folder: &Path,
) -> Result<Option<NewSegment>, StoreError> {
    let path = file_path(folder, signal, plan.resolution, plan.id);
    let RowColumns { first, last, points } = columns;
    let points = points.unwrap_or("1");
    let temporary = Unfinished(path.with_extension(UNFINISHED));
    let unfinished = &temporary.0;
    let target = quote(path_text(unfinished)?);
    let rows = reader.execute(
        &format!(
            "COPY ({select}) TO {target} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL {}, ROW_GROUP_SIZE 8192, \
             KV_METADATA {{{}: {}}})",
            plan.zstd_level(),
            file_metadata::KEY,
            quote(&FileMetadata::of(&plan).to_text())
        ),
        &[],
    )?;
    if rows == 0 {
        return Ok(None);
    }
    let mut tally = Tally::default();
    for (service, points, first, last) in reader.rows(
        &format!(
            "SELECT service, CAST(sum({points}) AS UBIGINT), min({first}), max({last}) FROM read_parquet({target}) \
             GROUP BY series_id, service"
        ),
        &[],
        |row| Ok((row.get::<_, String>(0)?, row.get::<_, u64>(1)?, row.get(2)?, row.get(3)?)),
    )? {
        tally.add(&service, points, first, last);
    }
    let sum = checksum(unfinished)?;
    let to_error = |error: std::io::Error| file_error(unfinished, &error);
    let file = fs::File::open(unfinished).map_err(to_error)?;
    file.sync_all().map_err(to_error)?;
    let bytes = file.metadata().map_err(to_error)?.len();
    fs::rename(unfinished, &path).map_err(to_error)?;
    let written = Written { bytes, checksum: sum };
    Ok(Some(tally.segment(plan, signal, folder, written)))
}

/// Rewrites a segment with the rows that meet a condition. Returns none if no row does.
pub(crate) fn rewrite_rows(
    reader: &Reader,
    info: &Segment,
    condition: &str,
    columns: RowColumns,
    plan: SegmentPlan,
    folder: &Path,
) -> Result<Option<NewSegment>, StoreError> {
    let source = quote(path_text(&info.path)?);
    let select = format!("SELECT * FROM read_parquet({source}) WHERE {condition}");
    write_rows(reader, &select, info.signal, columns, plan, folder)
}
