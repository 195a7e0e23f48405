//! The tables and how older ones become today's.

use duckdb::Connection;

use crate::StoreError;

/// Changes of the tables, oldest first; the version of a database is how many were applied. An entry
/// never changes once released.
const MIGRATIONS: [&str; 4] = [
    include_str!("schema/0001.sql"),
    include_str!("schema/0002.sql"),
    include_str!("schema/0003.sql"),
    include_str!("schema/0004.sql"),
];

/// The newest version known here.
pub(crate) const NEWEST: i64 = MIGRATIONS.len() as i64;

/// What a database file holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// No tables at all.
    Nothing,
    /// Tables, but not ours.
    Foreign,
    /// Our tables in this version.
    Version(i64),
}

/// Looks at the tables without changing anything.
pub(crate) fn inspect(connection: &Connection) -> Result<Found, StoreError> {
    let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    if count("SELECT count(*) FROM duckdb_tables() WHERE NOT internal")? == 0 {
        return Ok(Found::Nothing);
    }
    if count("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'schema_version'")? == 0 {
        return Ok(Found::Foreign);
    }
    Ok(Found::Version(count("SELECT coalesce(max(version), 0) FROM schema_version")?))
}

/// Brings the tables to the newest version, each step in a transaction of its own.
pub(crate) fn migrate(connection: &Connection, from: i64) -> Result<(), StoreError> {
    for (version, change) in (1..).zip(MIGRATIONS).filter(|(version, _)| *version > from) {
        connection.execute_batch(&format!(
            "BEGIN TRANSACTION; {change}; INSERT INTO schema_version VALUES ({version}); COMMIT;"
        ))?;
        tracing::info!(version, "brought the database to a new schema version");
    }
    Ok(())
}
