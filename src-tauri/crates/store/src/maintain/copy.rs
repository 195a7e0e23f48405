//! Rows of a file of which each is whole by itself, copied to another by the database.

use std::{fs, path::Path};

use crate::{
    StoreError,
    layout::{Partition, PartitionSignal, file_path},
    open::{file_error, path_text, quote},
    partition::{NOTE, NewPartition, Note, Plan, Tally, UNFINISHED, Unfinished, Written, checksum},
    reader::Reader,
};

/// Writes the rows of a statement to the file of a plan and tells what is in it, by the columns that say first and
/// last time and how many. None if nothing is left.
pub(super) fn write(
    reader: &Reader,
    select: &str,
    signal: PartitionSignal,
    (first, last, points): (&str, &str, &str),
    plan: Plan,
    folder: &Path,
) -> Result<Option<NewPartition>, StoreError> {
    let path = file_path(folder, signal, plan.form, plan.id);
    let temporary = Unfinished(path.with_extension(UNFINISHED));
    let unfinished = &temporary.0;
    let target = quote(path_text(unfinished)?);
    let rows = reader.execute(
        &format!(
            "COPY ({select}) TO {target} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL {}, ROW_GROUP_SIZE 8192, \
             KV_METADATA {{{NOTE}: {}}})",
            plan.zstd(),
            quote(&Note::of(&plan).to_text())
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
    Ok(Some(tally.partition(plan, signal, folder, written)))
}

/// A roll-up written anew with the rows that meet a condition; none if none does.
pub(super) fn roll_up(
    reader: &Reader,
    info: &Partition,
    condition: &str,
    plan: Plan,
    folder: &Path,
) -> Result<Option<NewPartition>, StoreError> {
    let source = quote(path_text(&info.path)?);
    let select = format!("SELECT * FROM read_parquet({source}) WHERE {condition}");
    // A row of samples has many steps, one of a histogram is one.
    let points = if info.signal == PartitionSignal::Samples { "points" } else { "1" };
    write(reader, &select, info.signal, ("first_time", "last_time", points), plan, folder)
}
