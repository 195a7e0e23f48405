//! Writing of segment files of histogram points, one row each, by the database.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use arrow_array::RecordBatch;
use arrow_schema::Schema;
use model::DataResolution;

use super::{
    point_tables::{self, POINT},
    series_columns::{self, encodings},
    series_order::in_order,
};
use crate::{
    StoreError,
    database::{
        paths::path_text,
        sql::{id_list, quote},
    },
    read::reader::Reader,
    segment::{
        copy,
        file::{FileWriter, Unfinished},
        plan::{NewSegment, SealPlan, SegmentIds, SegmentPlan},
        retention_tier::{RollupResolution, tier_of},
        signal::SegmentSignal,
        signal_segments::RowColumns,
    },
};

/// The columns of the totals of a row that is one point.
pub(crate) const ROW_COLUMNS: RowColumns = RowColumns { first: "time", last: "time", points: None };
/// Series that are written in one row group.
const SERIES_PER_GROUP: usize = 4096;

/// Writes the points of a window to files, one per retention tier. Each point is taken once, from
/// the last source that has it.
pub(crate) fn write(
    reader: &Reader,
    sources: &[String],
    seal_plan: SealPlan,
    ids: &SegmentIds,
    folder: &Path,
) -> Result<Vec<NewSegment>, StoreError> {
    let (start, end) = (seal_plan.window.start.0, seal_plan.window.end.0);
    let upper = if end == i64::MAX { String::new() } else { format!("AND time < {end}") };
    let condition = format!("time >= {start} {upper}");
    let steps = |resolution: RollupResolution| format!("count(DISTINCT time // {})", resolution.length());
    let series = reader.rows(
        &format!(
            "SELECT series_id, count(*), {}, {} FROM (SELECT DISTINCT series_id, time FROM ({})) GROUP BY series_id",
            steps(RollupResolution::Minutes),
            steps(RollupResolution::Hours),
            point_tables::union(sources, "start_time", &condition)
        ),
        &[],
        |row| Ok((row.get::<_, u64>(0)?, tier_of(row.get(1)?, row.get(2)?, row.get(3)?))),
    )?;
    let mut tiers: BTreeMap<DataResolution, Vec<u64>> = BTreeMap::new();
    for (series, retention_tier) in series {
        tiers.entry(retention_tier).or_default().push(series);
    }
    let mut new = Vec::new();
    for (retention_tier, series) in tiers {
        let of = format!("{condition} AND series_id IN ({})", id_list(series));
        new.extend(write_file(reader, sources, &of, seal_plan.points(retention_tier, ids.next()), folder)?);
    }
    Ok(new)
}

/// Writes the points of sources that meet a condition to one file.
pub(crate) fn write_file(
    reader: &Reader,
    sources: &[String],
    condition: &str,
    plan: SegmentPlan,
    folder: &Path,
) -> Result<Option<NewSegment>, StoreError> {
    let union = format!("({})", point_tables::union(sources, POINT, condition));
    let last = format!(
        "(SELECT * FROM {union} QUALIFY row_number() OVER (PARTITION BY series_id, time \
           ORDER BY rank DESC, arrival DESC) = 1)"
    );
    let columns = format!("p.time, {POINT}");
    write_with_series(reader, SegmentSignal::Histograms, (&union, &last), &columns, plan, folder)
}

/// Writes rows `p` with a `series_id` and a `time` to a file, with these columns and those of their
/// series. `sources` holds the same series as `rows`. Returns none if there are no rows.
pub(crate) fn write_with_series(
    reader: &Reader,
    signal: SegmentSignal,
    (sources, rows): (&str, &str),
    columns: &str,
    plan: SegmentPlan,
    folder: &Path,
) -> Result<Option<NewSegment>, StoreError> {
    let ids =
        reader.rows(&format!("SELECT DISTINCT series_id FROM {sources}"), &[], |row| Ok(row.get(0)?))?;
    let series = write_series(reader, ids, &plan, folder)?;
    let select = format!(
        "SELECT {}, {columns} FROM {rows} p JOIN read_parquet({}) s ON s.series_id = p.series_id \
         ORDER BY metric, p.series_id, p.time",
        series_columns::NAMES.map(|name| format!("s.{name}")).join(", "),
        quote(path_text(&series.0)?),
    );
    copy::write_rows(reader, &select, signal, ROW_COLUMNS, plan, folder)
}

/// Writes a temporary file with one row per series.
fn write_series(
    reader: &Reader,
    ids: Vec<u64>,
    plan: &SegmentPlan,
    folder: &Path,
) -> Result<Unfinished, StoreError> {
    let schema = Arc::new(Schema::new(series_columns::fields()));
    let path = folder.join(format!("series-{:08}.parquet", plan.id));
    let mut file = FileWriter::create(
        plan,
        path.clone(),
        Arc::clone(&schema),
        encodings(&series_columns::DICTIONARIES),
    )?;
    for some in in_order(reader, ids.into_iter())?.chunks(SERIES_PER_GROUP) {
        file.group(&RecordBatch::try_new(Arc::clone(&schema), series_columns::columns(some.iter())?)?)?;
    }
    file.finish()?;
    Ok(Unfinished(path))
}
