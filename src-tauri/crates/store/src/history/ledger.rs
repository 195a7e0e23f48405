//! Reading and writing of history/ledger.

use model::{Finding, Gap, TimeRange, Timestamp};

use crate::{Store, StoreError};

impl Store {
    pub async fn record_gap(&self, gap: Gap) -> Result<(), StoreError> {
        let _ = (gap,);
        Err(StoreError::Closed)
    }
    pub async fn gaps(&self, range: TimeRange) -> Result<Vec<Gap>, StoreError> {
        let _ = (range,);
        Err(StoreError::Closed)
    }
    pub async fn put_findings(&self, findings: Vec<Finding>) -> Result<(), StoreError> {
        let _ = (findings,);
        Err(StoreError::Closed)
    }
    pub async fn findings(&self, range: TimeRange, limit: u32) -> Result<Vec<Finding>, StoreError> {
        let _ = (range, limit);
        Err(StoreError::Closed)
    }
    pub async fn heartbeat(&self, now: Timestamp) -> Result<(), StoreError> {
        let _ = (now,);
        Err(StoreError::Closed)
    }
    pub async fn last_heartbeat(&self) -> Result<Option<Timestamp>, StoreError> {
        Err(StoreError::Closed)
    }
}
