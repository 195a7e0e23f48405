//! Heads: the tables that take new points until they are sealed.

use duckdb::Connection;

use crate::{StoreError, segment::manifest::heads};

const SAMPLES: &str =
    "series_id UBIGINT NOT NULL, time BIGINT NOT NULL, start_time BIGINT, value DOUBLE NOT NULL";
const HISTOGRAM_POINTS: &str = "series_id UBIGINT NOT NULL, time BIGINT NOT NULL, start_time BIGINT, \
    count UBIGINT NOT NULL, sum DOUBLE, min DOUBLE, max DOUBLE, bounds DOUBLE[], counts UBIGINT[], scale INTEGER, \
    zero_threshold DOUBLE, zero_count UBIGINT, positive_offset INTEGER, negative_offset INTEGER, \
    negative_counts UBIGINT[], quantile_values DOUBLE[]";

/// Returns the name of the table of samples of a head.
pub(crate) fn samples(head: u64) -> String {
    format!("samples_{head}")
}

/// Returns the name of the table of histogram points of a head.
pub(crate) fn histogram_points(head: u64) -> String {
    format!("histogram_points_{head}")
}

/// Returns the exemplars received up to the end of a head, as a table.
pub(crate) fn exemplars(head: u64) -> String {
    format!("(SELECT * FROM exemplars WHERE head <= {head})")
}

/// Adds a head, opened at `now` (nanoseconds since the epoch).
pub(crate) fn rotate(connection: &Connection, now: i64) -> Result<(), StoreError> {
    let head: u64 = connection.query_row("SELECT max(id) + 1 FROM heads", [], |row| row.get(0))?;
    create(connection, head, now)
}

/// Replaces all heads, which are empty, by one that is newer than head `last`.
pub(crate) fn replace_all_after(connection: &Connection, last: u64, now: i64) -> Result<(), StoreError> {
    let heads = heads(connection)?;
    let newest = heads.last().copied().unwrap_or_default().max(last);
    create(connection, newest.saturating_add(1), now)?;
    heads.into_iter().try_for_each(|head| remove(connection, head))
}

fn create(connection: &Connection, head: u64, now: i64) -> Result<(), StoreError> {
    connection.execute_batch(&format!(
        "CREATE TABLE {} ({SAMPLES}); CREATE TABLE {} ({HISTOGRAM_POINTS}); INSERT INTO heads VALUES ({head}, {now});",
        samples(head),
        histogram_points(head),
    ))?;
    Ok(())
}

/// Sets the opening time of the first head of a new database.
pub(crate) fn set_opened(connection: &Connection, now: i64) -> Result<(), StoreError> {
    connection.execute("UPDATE heads SET opened = ? WHERE opened = 0", [now])?;
    Ok(())
}

/// Removes a sealed head and the exemplars received up to its end.
pub(crate) fn remove(connection: &Connection, head: u64) -> Result<(), StoreError> {
    connection.execute_batch(&format!(
        "DROP TABLE {}; DROP TABLE {}; DELETE FROM exemplars WHERE head <= {head}; \
         DELETE FROM heads WHERE id = {head};",
        samples(head),
        histogram_points(head),
    ))?;
    Ok(())
}
