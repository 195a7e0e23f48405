//! A copy of rules, checks and silences outside of the database.
//!
//! They are what people typed in. A damaged or missing database must not cost them.

use std::{collections::BTreeMap, path::Path};

use duckdb::Connection;
use serde::{Deserialize, Serialize};

use super::checked_file;
use crate::{StoreError, database::paths::file_error};

/// The file, in the data folder.
pub(crate) const DEFINITIONS: &str = "definitions.json";
/// The tables that are copied. Each has the columns `id` and `document`.
const TABLES: [&str; 3] = ["rules", "checks", "silences"];

/// The documents by table and id.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Definitions(BTreeMap<String, BTreeMap<String, String>>);

impl Definitions {
    /// Reads the copy of a data folder. Returns none if it is missing or damaged.
    pub(crate) fn read(folder: &Path) -> Option<Self> {
        checked_file::read(&folder.join(DEFINITIONS))
    }

    /// Reads the tables of a database.
    pub(crate) fn of(connection: &Connection) -> Result<Self, StoreError> {
        let mut tables = BTreeMap::new();
        for table in TABLES {
            let mut statement = connection.prepare(&format!("SELECT id, document FROM {table}"))?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            tables.insert(table.to_owned(), rows.collect::<Result<_, _>>()?);
        }
        Ok(Self(tables))
    }

    /// Writes the copy, if it differs from that in the folder.
    pub(crate) fn write(&self, folder: &Path) -> Result<(), StoreError> {
        if Self::read(folder).as_ref() == Some(self) {
            return Ok(());
        }
        let path = folder.join(DEFINITIONS);
        let content = checked_file::encode(self)?;
        runtime::replace_private_file(&path, &content).map_err(|error| file_error(&path, &error))
    }

    /// Inserts what a database lacks. `tables` is the prefix of the names of its tables. Returns
    /// the number of documents.
    pub(crate) fn restore(&self, connection: &Connection, tables: &str) -> Result<usize, StoreError> {
        let mut restored = 0;
        for (table, documents) in &self.0 {
            if !TABLES.contains(&table.as_str()) {
                continue;
            }
            for (id, document) in documents {
                let sql = format!(
                    "INSERT INTO {tables}{table} SELECT $1, $2 WHERE $1 NOT IN (SELECT id FROM {tables}{table})"
                );
                restored += connection.execute(&sql, [id, document])?;
            }
        }
        Ok(restored)
    }
}
