//! Reading and writing of export.

use std::path::Path;

use model::{ExportFormat, ExportRequest, TimeRange};

use crate::{Store, StoreError};

impl Store {
    pub async fn export(&self, request: &ExportRequest, path: &Path) -> Result<u64, StoreError> {
        let _ = (request, path);
        Err(StoreError::Closed)
    }
    pub async fn export_service_rows(
        &self,
        services: &[String],
        range: TimeRange,
        step: i64,
        format: ExportFormat,
        path: &Path,
    ) -> Result<u64, StoreError> {
        let _ = (services, range, step, format, path);
        Err(StoreError::Closed)
    }
}
