//! Salvage: rows that read move from a damaged database to a new one.

use std::{
    collections::{BTreeMap, HashSet},
    fs::{self, File},
    path::{Path, PathBuf},
};

use duckdb::{Connection, params};

use super::{
    definitions::Definitions,
    folder_state::expect_replacement,
    log_rows::LogRows,
    quarantine::{quarantine, quarantine_logs},
    report::RepairReport,
};
use crate::{
    StoreError, StoreOptions,
    database::{
        config::config,
        paths::{DATABASE, LOG, file_error, path_text, sync_folder},
        schema,
        sql::quote,
    },
    lifecycle::{
        rebuild_catalog,
        shrink::{self, FRESH},
    },
};

/// Tables whose loss makes others unreadable. If one is damaged, they are all rebuilt from the
/// segments.
const STRUCTURE: [&str; 7] =
    ["schema_version", "manifest", "heads", "segments", "segment_services", "series", "resources"];
/// Rows that are read or lost together: those of one vector of the database.
const MIN_ROWS: i64 = 2048;

/// The source of a salvage, attached as `damaged`.
struct Source {
    folder: PathBuf,
    options: StoreOptions,
    connection: Connection,
    /// The statements that create the tables, by name.
    tables: BTreeMap<String, String>,
    faulty: HashSet<String>,
}

/// Reads every row of the database of a folder. Where some cannot be read, all others are moved to
/// a new database. Returns false if the database cannot be opened at all.
pub(crate) fn salvage(
    folder: &Path,
    options: &StoreOptions,
    report: &mut RepairReport,
) -> Result<bool, StoreError> {
    let Some(source) = Source::open(folder, options, report)? else { return Ok(false) };
    if source.faulty.is_empty() || source.is_newer() {
        return Ok(true);
    }
    let is_structure_whole = STRUCTURE.iter().all(|table| !source.faulty.contains(*table));
    shrink::sweep(folder)?;
    let fresh = folder.join(FRESH);
    if !is_structure_whole {
        rebuild_catalog::build(folder, || config(folder, options), options.clock.now())?;
        report.restored(DATABASE, "the catalog of segments was rebuilt from their files");
    }
    let connection = &source.connection;
    connection.execute_batch(&format!("ATTACH {} AS fresh", quote(path_text(&fresh)?)))?;
    let head: Option<u64> = match is_structure_whole {
        true => None,
        false => Some(connection.query_row("SELECT max(id) FROM fresh.heads", [], |row| row.get(0))?),
    };
    for (table, sql) in &source.tables {
        let target = match head {
            None => {
                connection.execute_batch(&format!("USE fresh; {sql}; USE memory"))?;
                table.clone()
            }
            Some(head) => match rebuilt_target(table, head) {
                Some(target) => target,
                None => continue,
            },
        };
        source.copy(table, &target, report)?;
    }
    add_missing_resources(connection, "fresh.")?;
    if let Some(definitions) = Definitions::read(folder) {
        let restored = definitions.restore(connection, "fresh.")?;
        if restored > 0 {
            report.restored(
                DATABASE,
                &format!("{restored} rules, checks and silences were restored from their copy"),
            );
        }
    }
    connection.execute_batch("CHECKPOINT fresh; DETACH fresh; DETACH damaged")?;
    drop(source);
    replace(folder, report)?;
    Ok(true)
}

/// Puts the complete new database in place of the damaged one, which moves to the quarantine.
fn replace(folder: &Path, report: &mut RepairReport) -> Result<(), StoreError> {
    let fresh = folder.join(FRESH);
    File::open(&fresh).and_then(|file| file.sync_all()).map_err(|error| file_error(&fresh, &error))?;
    expect_replacement(folder)?;
    quarantine_logs(folder)?;
    let moved = quarantine(folder, &folder.join(DATABASE))?;
    fs::rename(&fresh, folder.join(DATABASE)).map_err(|error| file_error(&fresh, &error))?;
    sync_folder(folder)?;
    if let Some(moved) = moved {
        report.restored(
            DATABASE,
            &format!("what reads was saved to a new database, the damaged one is {}", moved.display()),
        );
    }
    Ok(())
}

impl Source {
    /// Attaches the database of a folder read-only and reads all of its tables. Returns none if it
    /// cannot be opened, even without its log.
    fn open(
        folder: &Path,
        options: &StoreOptions,
        report: &mut RepairReport,
    ) -> Result<Option<Self>, StoreError> {
        let attached = match attach(folder, options) {
            Err(_) if folder.join(LOG).exists() => {
                let length = folder.join(LOG).metadata().map_or(0, |metadata| metadata.len());
                let log = folder.join(LOG);
                let aside = folder.join(format!("{LOG}.aside"));
                fs::rename(&log, &aside).map_err(|error| file_error(&log, &error))?;
                let attached = attach(folder, options);
                fs::rename(&aside, &log).map_err(|error| file_error(&aside, &error))?;
                if attached.is_ok()
                    && let Some(moved) = quarantine(folder, &log)?
                {
                    report.lost(
                        LOG,
                        &format!("it cannot be replayed and was moved to {}", moved.display()),
                        &format!("the newest records, {length} bytes of the log"),
                    );
                }
                attached
            }
            attached => attached,
        };
        let Ok((connection, tables)) = attached else { return Ok(None) };
        let faulty = tables.keys().filter(|table| !reads(&connection, table)).cloned().collect();
        Ok(Some(Self { folder: folder.to_owned(), options: options.clone(), connection, tables, faulty }))
    }

    /// Returns the statement that creates a table.
    fn sql(&self, table: &str) -> &str {
        self.tables.get(table).map_or("", String::as_str)
    }

    /// Returns whether a newer version of Binnacle wrote the database.
    fn is_newer(&self) -> bool {
        let sql = "SELECT max(version) FROM damaged.schema_version";
        let version = self.connection.query_row(sql, [], |row| row.get::<_, Option<i64>>(0));
        version.is_ok_and(|version| version > Some(schema::NEWEST))
    }

    /// Copies the rows of a table that read, and reports those that do not.
    fn copy(&self, table: &str, target: &str, report: &mut RepairReport) -> Result<(), StoreError> {
        let connection = &self.connection;
        if !self.faulty.contains(table) {
            insert(connection, "damaged", table, target, None)?;
            return Ok(());
        }
        let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, Option<i64>>(0));
        let rows = count(&format!("SELECT max(rowid) + 1 FROM damaged.{}", name(table)))
            .or_else(|_| {
                connection.query_row(
                    "SELECT estimated_size::BIGINT FROM duckdb_tables() \
                     WHERE database_name = 'damaged' AND table_name = ?",
                    params![table],
                    |row| row.get(0),
                )
            })?
            .unwrap_or_default();
        let of_log = LogRows::replay(&self.folder, table, self.sql(table), &self.options)?;
        let mut first_of_log = rows;
        if let Some(of_log) = &of_log {
            of_log.attach(connection, "of_log")?;
            first_of_log -=
                count(&format!("SELECT count(*) FROM of_log.{}", name(table)))?.unwrap_or_default();
        }
        let (mut saved, mut lost) = (0, 0);
        let mut ranges = vec![(0, rows)];
        while let Some((start, end)) = ranges.pop() {
            match insert(connection, "damaged", table, target, Some((start, end))) {
                Ok(inserted) => saved += inserted,
                Err(_) if end - start > MIN_ROWS => {
                    let middle = start + ((end - start) / 2 / MIN_ROWS).max(1) * MIN_ROWS;
                    ranges.extend([(middle, end), (start, middle)]);
                }
                Err(_) => {
                    let first = first_of_log.clamp(start, end);
                    lost += first - start;
                    if first < end {
                        let range = (first - first_of_log, end - first_of_log);
                        saved += insert(connection, "of_log", table, target, Some(range))?;
                    }
                }
            }
        }
        if of_log.is_some() {
            connection.execute_batch("DETACH of_log")?;
        }
        let action = format!("{saved} rows were saved");
        report.lost(&format!("table {table}"), &action, &format!("{lost} rows"));
        Ok(())
    }
}

type Attached = (Connection, BTreeMap<String, String>);

/// Attaches the database of a folder to a database in memory, and lists its tables.
fn attach(folder: &Path, options: &StoreOptions) -> Result<Attached, StoreError> {
    let connection = Connection::open_in_memory_with_flags(config(folder, options)?)?;
    let path = folder.join(DATABASE);
    connection.execute_batch(&format!("ATTACH {} AS damaged (READ_ONLY)", quote(path_text(&path)?)))?;
    let mut statement = connection.prepare(
        "SELECT table_name, sql FROM duckdb_tables() WHERE NOT internal AND database_name = 'damaged'",
    )?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let tables = rows.collect::<Result<_, _>>()?;
    drop(statement);
    Ok((connection, tables))
}

/// Returns whether every row of a table reads.
fn reads(connection: &Connection, table: &str) -> bool {
    let sql = format!("SELECT count(*), max(hash(t)) FROM damaged.{} t", name(table));
    connection.query_row(&sql, [], |_| Ok(())).is_ok()
}

/// Returns the table of a rebuilt catalog that takes the rows of a table. Returns none for tables
/// that were rebuilt.
fn rebuilt_target(table: &str, head: u64) -> Option<String> {
    if matches!(table, "series" | "resources") || !STRUCTURE.contains(&table) {
        let of_head = ["samples", "histogram_points"]
            .into_iter()
            .find(|kind| table.strip_prefix(*kind).is_some_and(|rest| rest.starts_with('_')));
        return Some(of_head.map_or(table.to_owned(), |kind| format!("{kind}_{head}")));
    }
    None
}

/// Inserts rows of a table of an attached database, all or those of a range of positions. Series
/// and resources that the new database has already are skipped. Returns the number of rows.
fn insert(
    connection: &Connection,
    source: &str,
    table: &str,
    target: &str,
    range: Option<(i64, i64)>,
) -> Result<usize, StoreError> {
    let mut condition = match range {
        Some((start, end)) => format!("rowid >= {start} AND rowid < {end}"),
        None => "true".to_owned(),
    };
    if matches!(table, "series" | "resources") {
        condition += &format!(" AND id NOT IN (SELECT id FROM fresh.{target})");
    }
    let (table, target) = (name(table), name(target));
    let sql = format!("INSERT INTO fresh.{target} BY NAME SELECT * FROM {source}.{table} WHERE {condition}");
    Ok(connection.execute(&sql, [])?)
}

/// Adds a resource with the service only for records whose resource is lost. `tables` is the prefix
/// of the names of tables.
pub(crate) fn add_missing_resources(connection: &Connection, tables: &str) -> Result<(), StoreError> {
    for table in ["logs", "spans"] {
        let mut statement = connection.prepare(&format!(
            "SELECT resource_id, any_value(service) FROM {tables}{table} \
             WHERE resource_id NOT IN (SELECT id FROM {tables}resources) GROUP BY resource_id"
        ))?;
        let rows = statement.query_map([], |row| Ok((row.get::<_, u64>(0)?, row.get::<_, String>(1)?)))?;
        for (id, service) in rows.collect::<Result<Vec<_>, _>>()? {
            let attributes = serde_json::json!({ "service.name": service }).to_string();
            connection.execute(
                &format!("INSERT INTO {tables}resources VALUES (?, ?, false, ?)"),
                params![id, service, attributes],
            )?;
        }
    }
    Ok(())
}

fn name(table: &str) -> String {
    format!("\"{}\"", table.replace('"', "\"\""))
}
