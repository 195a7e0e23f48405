//! Reading and writing of history/checks.

use model::{CheckResult, HealthCheck, Incident, TimeRange, TimelineCell};

use crate::{Store, StoreError};

impl Store {
    pub async fn checks(&self) -> Result<Vec<HealthCheck>, StoreError> {
        Err(StoreError::Closed)
    }
    pub async fn put_check(&self, check: HealthCheck) -> Result<(), StoreError> {
        let _ = (check,);
        Err(StoreError::Closed)
    }
    pub async fn delete_check(&self, id: &str) -> Result<bool, StoreError> {
        let _ = (id,);
        Err(StoreError::Closed)
    }
    pub async fn record_check_result(
        &self,
        result: CheckResult,
        incident: Option<Incident>,
    ) -> Result<(), StoreError> {
        let _ = (result, incident);
        Err(StoreError::Closed)
    }
    pub async fn check_results(
        &self,
        check_id: &str,
        range: TimeRange,
        limit: u32,
    ) -> Result<Vec<CheckResult>, StoreError> {
        let _ = (check_id, range, limit);
        Err(StoreError::Closed)
    }
    pub async fn latest_check_results(&self) -> Result<Vec<CheckResult>, StoreError> {
        Err(StoreError::Closed)
    }
    pub async fn check_timeline(
        &self,
        check_id: &str,
        range: TimeRange,
        cells: u32,
    ) -> Result<Vec<TimelineCell>, StoreError> {
        let _ = (check_id, range, cells);
        Err(StoreError::Closed)
    }
    pub async fn check_statistics(
        &self,
        check_id: &str,
        range: TimeRange,
    ) -> Result<(Option<f64>, Option<i64>), StoreError> {
        let _ = (check_id, range);
        Err(StoreError::Closed)
    }
    pub async fn incidents(
        &self,
        range: TimeRange,
        check_id: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Incident>, StoreError> {
        let _ = (range, check_id, limit);
        Err(StoreError::Closed)
    }
    pub async fn open_incidents(&self) -> Result<Vec<Incident>, StoreError> {
        Err(StoreError::Closed)
    }
}
