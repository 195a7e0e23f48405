//! Changes of the history.

use std::{ops::Deref, sync::Arc};

use duckdb::params_from_iter;
use serde::Serialize;

use super::reader::HistoryReader;
use crate::{
    Changed, StoreError, database::sql::Parameter, lifecycle::instance::Instance, read::source::ReadSource,
};

/// A statement with its parameters.
pub(super) type Statement = (&'static str, Vec<Parameter>);

/// The history of a store: the reads of [`HistoryReader`], and changes.
#[derive(Debug, Clone)]
pub struct History {
    reader: HistoryReader,
    instance: Arc<Instance>,
}

impl Deref for History {
    type Target = HistoryReader;

    fn deref(&self) -> &HistoryReader {
        &self.reader
    }
}

impl History {
    pub(crate) fn new(instance: Arc<Instance>) -> Self {
        let reader = HistoryReader::new(ReadSource::Latest(Arc::clone(&instance)));
        Self { reader, instance }
    }

    /// Runs statements in one transaction. Returns the number of rows that the last one touched.
    pub(super) async fn run(&self, changed: Changed, statements: Vec<Statement>) -> Result<u64, StoreError> {
        let change = move |connection: &duckdb::Connection| {
            let mut touched = 0;
            for (sql, parameters) in &statements {
                let parameters = params_from_iter(parameters.iter().map(Parameter::as_sql));
                touched = connection.execute(sql, parameters)? as u64;
            }
            Ok(touched)
        };
        self.instance.change(changed, change).await
    }

    /// Runs a change in one transaction. Returns the number of rows that it touched.
    pub(super) async fn change(
        &self,
        changed: Changed,
        change: impl Fn(&duckdb::Connection) -> Result<u64, StoreError> + Send + 'static,
    ) -> Result<u64, StoreError> {
        self.instance.change(changed, change).await
    }

    /// Runs statements that change rules, checks or silences, and renews their copy outside of the
    /// database. Returns the number of rows that the last one touched.
    pub(super) async fn define(
        &self,
        changed: Changed,
        statements: Vec<Statement>,
    ) -> Result<u64, StoreError> {
        let touched = self.run(changed, statements).await?;
        if let Err(error) = self.instance.copy_definitions().await {
            tracing::warn!(%error, "rules, checks and silences were not copied");
        }
        Ok(touched)
    }
}

/// Converts a record to the document that is stored.
pub(super) fn document(record: &impl Serialize) -> Result<Parameter, StoreError> {
    document_text(record).map(Parameter::Text)
}

/// Converts a record to the text of the document that is stored.
pub(super) fn document_text(record: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(record)
        .map_err(|error| StoreError::InvalidRequest(format!("the record cannot be stored: {error}")))
}
