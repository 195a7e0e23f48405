//! Reading and writing of read/services.

use model::{ServiceDetail, ServiceRequest, ServiceSummary, ServicesRequest, TimeRange};

use crate::{Store, StoreError};

impl Store {
    pub async fn services(&self, request: &ServicesRequest) -> Result<Vec<ServiceSummary>, StoreError> {
        let _ = (request,);
        Err(StoreError::Closed)
    }
    pub async fn service_detail(
        &self,
        request: &ServiceRequest,
    ) -> Result<Option<ServiceDetail>, StoreError> {
        let _ = (request,);
        Err(StoreError::Closed)
    }
    pub async fn request_durations(
        &self,
        service: &str,
        range: TimeRange,
        limit: u32,
    ) -> Result<Vec<f64>, StoreError> {
        let _ = (service, range, limit);
        Err(StoreError::Closed)
    }
}
