//! Reading and writing of history/demonstration.

use model::RecordCounts;

use crate::{Store, StoreError};

impl Store {
    pub async fn has_demonstration(&self) -> Result<bool, StoreError> {
        Err(StoreError::Closed)
    }
    pub async fn remove_demonstration(&self) -> Result<RecordCounts, StoreError> {
        Err(StoreError::Closed)
    }
}
