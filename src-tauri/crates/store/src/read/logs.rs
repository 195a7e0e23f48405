//! Reading and writing of read/logs.

use model::{Filter, LogCounts, LogLine, TagSummary, TimeRange};

use crate::{Store, StoreError};

impl Store {
    pub async fn search_logs(
        &self,
        filter: &Filter,
        range: TimeRange,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<(Vec<LogLine>, Option<String>), StoreError> {
        let _ = (filter, range, limit, cursor);
        Err(StoreError::Closed)
    }
    pub async fn count_logs(
        &self,
        filter: &Filter,
        range: TimeRange,
        step: i64,
    ) -> Result<LogCounts, StoreError> {
        let _ = (filter, range, step);
        Err(StoreError::Closed)
    }
    pub async fn count_logs_by_service(
        &self,
        filter: &Filter,
        range: TimeRange,
    ) -> Result<Vec<(String, u64)>, StoreError> {
        let _ = (filter, range);
        Err(StoreError::Closed)
    }
    pub async fn log_fields(&self, range: TimeRange) -> Result<Vec<TagSummary>, StoreError> {
        let _ = (range,);
        Err(StoreError::Closed)
    }
}
