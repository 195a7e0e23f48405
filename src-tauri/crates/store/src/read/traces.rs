//! Reading and writing of read/traces.

use model::{Filter, TimeRange, Trace, TraceId, TraceOrder, TraceSummary};

use crate::{Store, StoreError};

impl Store {
    pub async fn search_traces(
        &self,
        filter: &Filter,
        range: TimeRange,
        order: TraceOrder,
        limit: u32,
    ) -> Result<(Vec<TraceSummary>, bool), StoreError> {
        let _ = (filter, range, order, limit);
        Err(StoreError::Closed)
    }
    pub async fn trace(&self, trace_id: TraceId, limit: u32) -> Result<Option<Trace>, StoreError> {
        let _ = (trace_id, limit);
        Err(StoreError::Closed)
    }
}
