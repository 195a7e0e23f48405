//! Reads of the history.

use serde::de::DeserializeOwned;

use crate::{StoreError, database::sql::Parameter, read::source::ReadSource};

/// The history of a store or a snapshot.
#[derive(Debug, Clone)]
pub struct HistoryReader {
    pub(super) source: ReadSource,
}

impl HistoryReader {
    pub(crate) fn new(source: ReadSource) -> Self {
        Self { source }
    }

    /// Reads the documents in the first column of a statement.
    pub(super) async fn documents<T: DeserializeOwned + Send + 'static>(
        &self,
        sql: impl Into<String>,
        parameters: Vec<Parameter>,
    ) -> Result<Vec<T>, StoreError> {
        let sql = sql.into();
        self.source
            .read(move |reader| {
                reader.rows(&sql, &parameters, |row| {
                    let document: String = row.get(0)?;
                    serde_json::from_str(&document).map_err(|error| {
                        StoreError::Database(format!("a stored record cannot be parsed: {error}"))
                    })
                })
            })
            .await
    }
}
