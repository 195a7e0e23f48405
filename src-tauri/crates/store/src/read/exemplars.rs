//! Exemplars of a metric.

use std::{cmp::Reverse, collections::HashMap, sync::Arc};

use model::{ExemplarPoint, ExemplarsRequest, Timestamp};

use super::{MOST_ROWS, bounds, trace_id};
use crate::{
    Store, StoreError,
    dictionary::{KnownSeries, parse_attributes},
    partition::exemplars,
    sql::id_list,
};

impl Store {
    /// The exemplars of a metric, newest first. Where there are more than asked for, the largest of each of so many
    /// stretches as half the limit, and others as chance has it.
    pub async fn read_exemplars(&self, request: &ExemplarsRequest) -> Result<Vec<ExemplarPoint>, StoreError> {
        let request = request.clone();
        self.read(move |reader| {
            let mut series: HashMap<u64, Arc<KnownSeries>> = HashMap::new();
            for found in reader.dictionary.select(&request.metric, &request.matchers)? {
                series.extend(reader.dictionary.untold(&found).map(|untold| (untold, Arc::clone(&found))));
                series.insert(found.id, found);
            }
            if series.is_empty() {
                return Ok(Vec::new());
            }
            let (start, end) = bounds(request.range);
            let ids = id_list(series.keys().copied());
            let of = format!("series_id IN ({ids})");
            let exemplars = exemplars::all(reader, reader.layout()?, &of, start, end)?;
            let limit = request.limit.min(MOST_ROWS);
            let stretch = end.saturating_sub(start) / i64::from(limit / 2).max(1);
            let mut answer: Vec<ExemplarPoint> = Vec::new();
            reader.rows(
                &format!(
                    "SELECT series_id, time, exemplar_value, trace_id, span_id, exemplar_attributes FROM (\
                     SELECT *, row_number() OVER (PARTITION BY (time::HUGEINT - ({start})) // {} \
                     ORDER BY exemplar_value DESC, time) AS place FROM {exemplars}) \
                     ORDER BY place > 1, hash(time, series_id) LIMIT {limit}",
                    stretch.max(1)
                ),
                &[],
                |row| {
                    let id: u64 = row.get(0)?;
                    answer.push(ExemplarPoint {
                        labels: series.get(&id).map(|series| series.labels()).unwrap_or_default(),
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
        })
        .await
    }
}
