//! Reading and writing of read/metrics.

use model::{
    HistogramBuckets, MetricCatalogRequest, MetricKind, MetricSummary, SamplesRequest, SeriesBuckets,
    SeriesPoints, TagMatcher, TagSummary, TagsRequest, TimeRange,
};

use crate::{Store, StoreError};

impl Store {
    pub async fn metric_catalog(
        &self,
        request: &MetricCatalogRequest,
    ) -> Result<Vec<MetricSummary>, StoreError> {
        let _ = (request,);
        Err(StoreError::Closed)
    }
    pub async fn tags(&self, request: &TagsRequest) -> Result<Vec<TagSummary>, StoreError> {
        let _ = (request,);
        Err(StoreError::Closed)
    }
    pub async fn read_samples(&self, request: &SamplesRequest) -> Result<Vec<SeriesPoints>, StoreError> {
        let _ = (request,);
        Err(StoreError::Closed)
    }
    pub async fn metric_kind(&self, metric: &str) -> Result<Option<(MetricKind, String)>, StoreError> {
        let _ = (metric,);
        Err(StoreError::Closed)
    }
    pub async fn read_buckets(
        &self,
        metric: &str,
        matchers: &[TagMatcher],
        range: TimeRange,
        step: i64,
    ) -> Result<Vec<SeriesBuckets>, StoreError> {
        let _ = (metric, matchers, range, step);
        Err(StoreError::Closed)
    }
    pub async fn read_histograms(
        &self,
        metric: &str,
        matchers: &[TagMatcher],
        range: TimeRange,
        step: i64,
    ) -> Result<Vec<HistogramBuckets>, StoreError> {
        let _ = (metric, matchers, range, step);
        Err(StoreError::Closed)
    }
}
