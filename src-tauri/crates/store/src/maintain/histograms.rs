//! Files of histogram points: one row per point, made by the database itself.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use arrow_array::RecordBatch;
use arrow_schema::Schema;
use model::DataResolution;

use super::{copy, seal::in_order};
use crate::{
    StoreError,
    layout::PartitionSignal,
    open::{path_text, quote},
    partition::{
        DESCRIBING, DICTIONARIES, FileWriter, Ids, NewPartition, Plan, Resolution, Sealing, Unfinished,
        describing_columns, describing_fields, lasting,
        tables::{self, POINT},
    },
    reader::Reader,
    sql::id_list,
};

/// Series that are described in one go.
const DESCRIBED_AT_ONCE: usize = 4096;

/// Writes the points of a window to files, one for each age that points last: every point of the sources once, the one
/// of the last source that has it, of the series that a condition keeps.
pub(super) fn write(
    reader: &Reader,
    sources: &[String],
    kept: &str,
    sealing: Sealing,
    ids: &Ids,
    folder: &Path,
) -> Result<Vec<NewPartition>, StoreError> {
    let (start, end) = (sealing.window.start.0, sealing.window.end.0);
    let upper = if end == i64::MAX { String::new() } else { format!("AND time < {end}") };
    let condition = format!("time >= {start} {upper} AND {kept}");
    let steps = |resolution: Resolution| format!("count(DISTINCT time // {})", resolution.length());
    let series = reader.rows(
        &format!(
            "SELECT series_id, count(*), {}, {} FROM (SELECT DISTINCT series_id, time FROM ({})) GROUP BY series_id",
            steps(Resolution::Minutes),
            steps(Resolution::Hours),
            tables::union(sources, "start_time", &condition)
        ),
        &[],
        |row| Ok((row.get::<_, u64>(0)?, lasting(row.get(1)?, row.get(2)?, row.get(3)?))),
    )?;
    let mut lasting: BTreeMap<DataResolution, Vec<u64>> = BTreeMap::new();
    for (series, lasts) in series {
        lasting.entry(lasts).or_default().push(series);
    }
    let mut new = Vec::new();
    for (lasts, series) in lasting {
        let of = format!("{condition} AND series_id IN ({})", id_list(series));
        new.extend(write_file(reader, sources, &of, sealing.points(lasts, ids.next()), folder)?);
    }
    Ok(new)
}

/// Writes the points of sources that meet a condition to one file.
pub(super) fn write_file(
    reader: &Reader,
    sources: &[String],
    condition: &str,
    plan: Plan,
    folder: &Path,
) -> Result<Option<NewPartition>, StoreError> {
    let union = format!("({})", tables::union(sources, POINT, condition));
    let last = format!(
        "(SELECT * FROM {union} QUALIFY row_number() OVER (PARTITION BY series_id, time \
           ORDER BY rank DESC, place DESC) = 1)"
    );
    let columns = format!("p.time, {POINT}");
    write_described(reader, PartitionSignal::Histograms, (&union, &last), &columns, plan, folder)
}

/// Writes rows `p`, which have a `series_id` and a `time`, to a file with these columns of each and with who speaks; none
/// if there are none. `sources` holds the same series as `rows`.
pub(super) fn write_described(
    reader: &Reader,
    signal: PartitionSignal,
    (sources, rows): (&str, &str),
    columns: &str,
    plan: Plan,
    folder: &Path,
) -> Result<Option<NewPartition>, StoreError> {
    let ids =
        reader.rows(&format!("SELECT DISTINCT series_id FROM {sources}"), &[], |row| Ok(row.get(0)?))?;
    let described = describe(reader, ids, &plan, folder)?;
    let select = format!(
        "SELECT {}, {columns} FROM {rows} p JOIN read_parquet({}) s ON s.series_id = p.series_id \
         ORDER BY metric, p.series_id, p.time",
        DESCRIBING.map(|name| format!("s.{name}")).join(", "),
        quote(path_text(&described.0)?),
    );
    copy::write(reader, &select, signal, ("time", "time", "1"), plan, folder)
}

/// A file, gone when it is let go of, with one row for each of some series that says who speaks.
fn describe(reader: &Reader, ids: Vec<u64>, plan: &Plan, folder: &Path) -> Result<Unfinished, StoreError> {
    let schema = Arc::new(Schema::new(describing_fields()));
    let path = folder.join(format!("described-{:08}.parquet", plan.id));
    let mut file = FileWriter::create(plan, path.clone(), Arc::clone(&schema), &DICTIONARIES)?;
    for some in in_order(reader, ids.into_iter()).chunks(DESCRIBED_AT_ONCE) {
        file.group(&RecordBatch::try_new(Arc::clone(&schema), describing_columns(some.iter()))?)?;
    }
    file.finish()?;
    Ok(Unfinished(path))
}
