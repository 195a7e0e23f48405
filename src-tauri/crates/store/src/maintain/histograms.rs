//! Files of histogram points: one row per point, made by the database itself.

use std::{fs, path::Path};

use crate::{
    StoreError,
    layout::{PartitionSignal, file_path},
    open::{path_text, quote},
    partition::{
        NewPartition, Plan, Tally, UNFINISHED, Unfinished, Written, checksum,
        tables::{self, POINT},
    },
    reader::Reader,
};

/// Writes the points of a window to a file: every point of the sources once, the one of the last source that has
/// it, of the series that a condition keeps. None if nothing is left.
pub(super) fn write(
    reader: &Reader,
    sources: &[String],
    kept: &str,
    plan: Plan,
    folder: &Path,
) -> Result<Option<NewPartition>, StoreError> {
    let path = file_path(folder, PartitionSignal::Histograms, plan.id);
    let temporary = Unfinished(path.with_extension(UNFINISHED));
    let unfinished = &temporary.0;
    let (start, end) = (plan.window.start.0, plan.window.end.0);
    let upper = if end == i64::MAX { String::new() } else { format!("AND time < {end}") };
    let union = tables::union(sources, POINT, &format!("time >= {start} {upper} AND {kept}"));
    let kind = "CASE s.kind WHEN 2 THEN 'histogram' WHEN 3 THEN 'exponential_histogram' ELSE 'summary' END";
    let target = quote(path_text(unfinished)?);
    let points = reader.execute(
        &format!(
            "COPY (SELECT s.name AS metric, \
               CAST(json_merge_patch(coalesce(r.attributes, '{{}}'), s.attributes) AS VARCHAR) AS labels, \
               s.service AS service, {kind} AS kind, s.unit AS unit, p.series_id, p.time, {POINT} \
             FROM (SELECT * FROM ({union}) QUALIFY row_number() OVER (PARTITION BY series_id, time \
               ORDER BY rank DESC, place DESC) = 1) p \
             JOIN series s ON s.id = p.series_id LEFT JOIN resources r ON r.id = s.resource_id \
             ORDER BY metric, p.series_id, p.time) \
             TO {target} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 9, ROW_GROUP_SIZE 8192)"
        ),
        &[],
    )?;
    if points == 0 {
        return Ok(None);
    }
    let mut tally = Tally::default();
    for (service, points, first, last) in reader.rows(
        &format!(
            "SELECT service, count(*), min(time), max(time) FROM read_parquet({target}) GROUP BY series_id, service"
        ),
        &[],
        |row| Ok((row.get::<_, String>(0)?, row.get::<_, u64>(1)?, row.get(2)?, row.get(3)?)),
    )? {
        tally.add(&service, points, first, last);
    }
    let sum = checksum(unfinished)?;
    let to_error = |error: std::io::Error| crate::open::file_error(unfinished, &error);
    let file = fs::File::open(unfinished).map_err(to_error)?;
    file.sync_all().map_err(to_error)?;
    let bytes = file.metadata().map_err(to_error)?.len();
    fs::rename(unfinished, &path).map_err(to_error)?;
    let written = Written { bytes, checksum: sum };
    Ok(Some(tally.partition(plan, PartitionSignal::Histograms, folder, written)))
}
