//! Reads of exemplars.

use std::{cmp::Reverse, collections::HashMap, sync::Arc};

use model::{ExemplarPoint, TimeRange, Timestamp};

use crate::{
    StoreError,
    catalog::series::SeriesEntry,
    database::{attributes::parse_attributes, identifiers::trace_id, sql::id_list},
    metrics::exemplars,
    read::{
        limits::{MAX_ROWS, bounds},
        reader::Reader,
    },
};

/// Reads exemplars of series, newest first. Beyond the limit it returns the largest of each of
/// `limit / 2` intervals, and a random selection of the others.
pub(super) fn read_exemplars(
    reader: &Reader,
    selected: &[Arc<SeriesEntry>],
    range: TimeRange,
    limit: u32,
) -> Result<Vec<ExemplarPoint>, StoreError> {
    let mut series: HashMap<u64, &Arc<SeriesEntry>> = HashMap::new();
    for found in selected {
        series.extend(reader.catalog.earlier_id(found).map(|earlier| (earlier, found)));
        series.insert(found.id, found);
    }
    if series.is_empty() {
        return Ok(Vec::new());
    }
    let (start, end) = bounds(range);
    let condition = format!("series_id IN ({})", id_list(series.keys().copied()));
    let exemplars = exemplars::all(reader, reader.manifest()?, &condition, start, end)?;
    let limit = limit.min(MAX_ROWS);
    let interval = (end.saturating_sub(start) / i64::from(limit / 2).max(1)).max(1);
    let mut answer: Vec<ExemplarPoint> = Vec::new();
    reader.rows(
        &format!(
            "SELECT series_id, time, exemplar_value, trace_id, span_id, exemplar_attributes FROM (\
             SELECT *, row_number() OVER (PARTITION BY (time::HUGEINT - ({start})) // {interval} \
             ORDER BY exemplar_value DESC, time) AS number FROM {exemplars}) \
             ORDER BY number > 1, hash(time, series_id) LIMIT {limit}"
        ),
        &[],
        |row| {
            let id: u64 = row.get(0)?;
            answer.push(ExemplarPoint {
                labels: series.get(&id).map(|series| series.labels()).transpose()?.unwrap_or_default(),
                time: Timestamp(row.get(1)?),
                value: row.get(2)?,
                trace_id: trace_id(row.get(3)?),
                span_id: row.get::<_, Option<String>>(4)?.and_then(|text| text.parse().ok()),
                attributes: parse_attributes(&row.get::<_, String>(5)?),
            });
            Ok(())
        },
    )?;
    answer.sort_by_key(|exemplar| Reverse(exemplar.time));
    Ok(answer)
}
