//! Checks, alerts and everything else that happened. Rows are JSON documents beside the columns they are
//! found by.

mod alerts;
mod checks;
mod demonstration;
mod ledger;

use duckdb::params_from_iter;
use serde::{Serialize, de::DeserializeOwned};

use crate::{Changed, Store, StoreError, sql::Parameter};

/// A statement with its parameters.
type Statement = (&'static str, Vec<Parameter>);

impl Store {
    /// Runs statements in one transaction; how many rows the last one touched.
    async fn run(&self, changed: Changed, statements: Vec<Statement>) -> Result<u64, StoreError> {
        self.change(changed, move |connection| {
            let mut touched = 0;
            for (sql, parameters) in &statements {
                let parameters = params_from_iter(parameters.iter().map(Parameter::as_sql));
                touched = connection.execute(sql, parameters)? as u64;
            }
            Ok(touched)
        })
        .await
    }

    /// The documents in the first column of a statement's answer.
    async fn documents<T: DeserializeOwned + Send + 'static>(
        &self,
        sql: impl Into<String>,
        parameters: Vec<Parameter>,
    ) -> Result<Vec<T>, StoreError> {
        let sql = sql.into();
        self.read(move |reader| {
            reader.rows(&sql, &parameters, |row| {
                let document: String = row.get(0)?;
                serde_json::from_str(&document).map_err(|error| {
                    StoreError::Database(format!("a stored record is not readable: {error}"))
                })
            })
        })
        .await
    }
}

/// A record as the document it is stored as.
fn document(record: &impl Serialize) -> Result<Parameter, StoreError> {
    serde_json::to_string(record)
        .map(Parameter::Text)
        .map_err(|error| StoreError::InvalidRequest(format!("the record cannot be stored: {error}")))
}
