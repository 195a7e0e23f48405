//! The tables, and their migration from earlier versions.

use duckdb::Connection;

use crate::StoreError;

/// Migrations, oldest first. The version of a database is the number applied. A released migration never
/// changes.
const MIGRATIONS: [&str; 5] = [
    include_str!("schema/0001.sql"),
    include_str!("schema/0002.sql"),
    include_str!("schema/0003.sql"),
    include_str!("schema/0004.sql"),
    include_str!("schema/0005.sql"),
];

/// The newest version.
pub(crate) const NEWEST: i64 = MIGRATIONS.len() as i64;

/// The content of a database file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// No tables at all.
    Nothing,
    /// Tables of another program.
    Foreign,
    /// The tables of this version.
    Version(i64),
}

/// Inspects the tables without changing anything.
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

/// Migrates the tables to the newest version, each migration in a transaction of its own.
pub(crate) fn migrate(connection: &Connection, from: i64) -> Result<(), StoreError> {
    for (version, change) in (1..).zip(MIGRATIONS).filter(|(version, _)| *version > from) {
        connection.execute_batch(&format!(
            "BEGIN TRANSACTION; {change}; INSERT INTO schema_version VALUES ({version}); COMMIT;"
        ))?;
        tracing::info!(version, "migrated the database schema");
    }
    Ok(())
}
