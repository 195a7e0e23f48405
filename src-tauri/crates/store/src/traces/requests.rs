//! Requests: the spans that a service is measured by. Percentiles are exact (`quantile_cont`
//! interpolates).

use model::TimeRange;

use crate::read::limits::bounds;

/// Count, failures and three percentiles of a group of requests.
pub(super) const MEASURES: &str = "count(*) AS requests, count(*) FILTER (status = 2) AS failed, \
    quantile_cont(duration, 0.5) AS p50, quantile_cont(duration, 0.95) AS p95, \
    quantile_cont(duration, 0.99) AS p99";

/// Returns the definition of the table `requests`: server and consumer spans of the range that meet
/// a condition, or root spans of services without those.
pub(crate) fn requests_table(range: TimeRange, condition: &str) -> String {
    let (start, end) = bounds(range);
    format!(
        "spans_in_range AS (SELECT t.service, t.name, t.kind, t.parent_span_id IS NULL AS root, t.status, \
           t.start_time, t.duration FROM spans t \
           WHERE t.start_time >= {start} AND t.start_time < {end} AND {condition}), \
         entries AS (SELECT service, bool_or(kind IN (2, 5)) AS has_entry FROM spans_in_range GROUP BY service), \
         requests AS (SELECT s.* FROM spans_in_range s JOIN entries USING (service) \
           WHERE CASE WHEN has_entry THEN s.kind IN (2, 5) ELSE s.root END)"
    )
}
