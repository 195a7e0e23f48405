//! Files of histogram points: one row per point, made by the database itself.

use std::{collections::BTreeMap, path::Path};

use model::DataDetail;

use super::copy;
use crate::{
    StoreError,
    layout::PartitionSignal,
    partition::{
        Ids, NewPartition, Plan, Resolution, Sealing, lasting,
        tables::{self, POINT},
    },
    reader::Reader,
    sql::id_list,
};

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
    let mut lasting: BTreeMap<DataDetail, Vec<u64>> = BTreeMap::new();
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
    let union = tables::union(sources, POINT, condition);
    let kind = "CASE s.kind WHEN 2 THEN 'histogram' WHEN 3 THEN 'exponential_histogram' ELSE 'summary' END";
    let select = format!(
        "SELECT s.name AS metric, \
           CAST(json_merge_patch(coalesce(r.attributes, '{{}}'), s.attributes) AS VARCHAR) AS labels, \
           s.service AS service, {kind} AS kind, s.unit AS unit, p.series_id, p.time, {POINT} \
         FROM (SELECT * FROM ({union}) QUALIFY row_number() OVER (PARTITION BY series_id, time \
           ORDER BY rank DESC, place DESC) = 1) p \
         JOIN series s ON s.id = p.series_id LEFT JOIN resources r ON r.id = s.resource_id \
         ORDER BY metric, p.series_id, p.time"
    );
    copy::write(reader, &select, PartitionSignal::Histograms, ("time", "time", "1"), plan, folder)
}
