//! The tables, and their migration from earlier versions.

use duckdb::Connection;

use crate::StoreError;

/// Migrations, oldest first. The version of a database is the number applied. A released migration
/// never changes.
const MIGRATIONS: [&str; 8] = [
    include_str!("schema/0001.sql"),
    include_str!("schema/0002.sql"),
    include_str!("schema/0003.sql"),
    include_str!("schema/0004.sql"),
    include_str!("schema/0005.sql"),
    include_str!("schema/0006.sql"),
    include_str!("schema/0007.sql"),
    include_str!("schema/0008.sql"),
];

/// The newest version.
pub(crate) const NEWEST: i64 = MIGRATIONS.len() as i64;

/// Returns whether a version of the database has a table of this name.
pub(crate) fn has_table(name: &str) -> bool {
    let declared = MIGRATIONS.iter().flat_map(|change| change.split("CREATE TABLE ").skip(1));
    declared
        .map(|rest| rest.trim_start())
        .any(|rest| rest.strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', '('])))
}

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

#[cfg(test)]
mod tests {
    use super::*;

    /// Creates the tables of an earlier version.
    fn tables_of(version: usize) -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        for change in &MIGRATIONS[..version] {
            connection.execute_batch(change).unwrap();
        }
        connection
    }

    #[test]
    fn self_metrics_and_their_rules_get_their_new_names() {
        let connection = tables_of(5);
        let add = |name: &str, service: &str, attributes: &str| {
            let sql = "INSERT INTO series VALUES (1, ?, 0, '1', '', 0, false, ?, 1, '', '', ?)";
            connection.execute(sql, [name, service, attributes]).unwrap();
        };
        add(
            "binnacle_points_held_back_total",
            "binnacle",
            r#"{"held_back.label":"id","held_back.service":"a"}"#,
        );
        add("binnacle_part_up", "binnacle", r#"{"part":"own metrics"}"#);
        add("binnacle_part_up", "other", r#"{"part":"own metrics"}"#);
        let rule =
            r#"{"metric":"binnacle_part_up","matchers":[{"key":"part","value":"analysis"}],"by":["part"]}"#;
        connection.execute("INSERT INTO rules VALUES ('1', ?)", [rule]).unwrap();
        connection.execute("INSERT INTO rules VALUES ('2', '{\"key\":\"part\"}')", []).unwrap();

        migrate(&connection, 5).unwrap();
        let read = |sql: &str| -> Vec<String> {
            let mut statement = connection.prepare(sql).unwrap();
            statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
        };
        assert_eq!(
            read("SELECT name || attributes FROM series ORDER BY service, name"),
            [
                r#"binnacle_component_up{"component":"self metrics"}"#,
                r#"binnacle_points_dropped_total{"dropped.label":"id","dropped.service":"a"}"#,
                r#"binnacle_part_up{"part":"own metrics"}"#,
            ]
        );
        assert_eq!(
            read("SELECT document FROM rules ORDER BY id"),
            [
                r#"{"metric":"binnacle_component_up","matchers":[{"key":"component","value":"anomaly detection"}],"by":["component"]}"#,
                r#"{"key":"part"}"#,
            ]
        );
    }

    #[test]
    fn segment_ids_continue_after_those_of_an_earlier_version() {
        let connection = tables_of(6);
        let last = |connection: &Connection| -> u64 {
            connection.query_row("SELECT last_segment FROM manifest", [], |row| row.get(0)).unwrap()
        };
        let insert = "INSERT INTO segments SELECT id, 'samples', 0, 0, 0, 0, 0, 1, 1, 1, '', 3, 1, false, 'minutes', \
                      part_group, 'minutes' FROM (VALUES (4, 2), (3, 5)) AS of (id, part_group)";
        connection.execute(insert, []).unwrap();
        migrate(&connection, 6).unwrap();
        assert_eq!(last(&connection), 5);

        let empty = tables_of(6);
        migrate(&empty, 6).unwrap();
        assert_eq!(last(&empty), 0);
    }
}
