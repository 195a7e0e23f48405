//! The tables that take what comes, and how a new pair of them is put in place.

use duckdb::Connection;

use crate::StoreError;

const SAMPLES: &str =
    "series_id UBIGINT NOT NULL, time BIGINT NOT NULL, start_time BIGINT, value DOUBLE NOT NULL";
const HISTOGRAM_POINTS: &str = "series_id UBIGINT NOT NULL, time BIGINT NOT NULL, start_time BIGINT, \
    count UBIGINT NOT NULL, sum DOUBLE, min DOUBLE, max DOUBLE, bounds DOUBLE[], counts UBIGINT[], scale INTEGER, \
    zero_threshold DOUBLE, zero_count UBIGINT, positive_offset INTEGER, negative_offset INTEGER, \
    negative_counts UBIGINT[], quantile_values DOUBLE[]";

/// The table of samples of a head.
pub(crate) fn samples(head: u64) -> String {
    format!("samples_{head}")
}

/// The table of histogram points of a head.
pub(crate) fn histogram_points(head: u64) -> String {
    format!("histogram_points_{head}")
}

/// The exemplars that came through a head, or before it, as a table.
pub(crate) fn exemplars(head: u64) -> String {
    format!("(SELECT * FROM exemplars WHERE head <= {head})")
}

/// Every head, oldest first.
pub(crate) fn all(connection: &Connection) -> Result<Vec<u64>, StoreError> {
    let mut statement = connection.prepare("SELECT id FROM heads ORDER BY id")?;
    Ok(statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// Puts a new head in place, opened at `now` (nanoseconds since the epoch).
pub(crate) fn rotate(connection: &Connection, now: i64) -> Result<(), StoreError> {
    let head: u64 = connection.query_row("SELECT max(id) + 1 FROM heads", [], |row| row.get(0))?;
    create(connection, head, now)
}

/// Puts a head in place of all there are, all empty, so that what it takes is newer than what came through a head of a
/// number.
pub(crate) fn begin_after(connection: &Connection, last: u64, now: i64) -> Result<(), StoreError> {
    let heads = all(connection)?;
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

/// Notes when the first head of a new database was opened.
pub(crate) fn stamp(connection: &Connection, now: i64) -> Result<(), StoreError> {
    connection.execute("UPDATE heads SET opened = ? WHERE opened = 0", [now])?;
    Ok(())
}

/// Takes a head away whose points lie in partitions now, and the exemplars that came with them or before.
pub(crate) fn remove(connection: &Connection, head: u64) -> Result<(), StoreError> {
    connection.execute_batch(&format!(
        "DROP TABLE {}; DROP TABLE {}; DELETE FROM exemplars WHERE head <= {head}; \
         DELETE FROM heads WHERE id = {head};",
        samples(head),
        histogram_points(head),
    ))?;
    Ok(())
}
