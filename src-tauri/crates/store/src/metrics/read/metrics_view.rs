//! Metrics: the typed view of a store or a snapshot.

use model::{
    ExemplarPoint, ExemplarsRequest, MetricCatalogRequest, MetricKind, MetricSummary, SamplesRequest,
    SeriesPoints, TagMatcher, TagSummary, TagsRequest, TimeRange,
};

use super::{
    catalog::{metric_catalog, metric_kind, tags},
    classic_families::select_with_families,
    series_set::SeriesSet,
};
use crate::{StoreError, read::source::ReadSource};

/// The metrics of a store or a snapshot.
#[derive(Debug, Clone)]
pub struct Metrics {
    source: ReadSource,
}

impl Metrics {
    pub(crate) fn new(source: ReadSource) -> Self {
        Self { source }
    }

    /// Selects series of a metric, or of all metrics if the name is empty, for reads of a range.
    /// Where no metric has the name, it selects those that Prometheus would know by it. Fails on a
    /// bad regular expression.
    pub async fn select(
        &self,
        metric: &str,
        matchers: &[TagMatcher],
        range: TimeRange,
    ) -> Result<SeriesSet, StoreError> {
        SeriesSet::select(&self.source, metric, matchers, range).await
    }

    /// Reads samples as they were written, see [`SeriesSet::samples`].
    pub async fn samples(&self, request: &SamplesRequest) -> Result<Vec<SeriesPoints>, StoreError> {
        let set = self.select(&request.metric, &request.matchers, request.range).await?;
        set.samples(request.limit).await
    }

    /// Reads exemplars, see [`SeriesSet::exemplars`]. The name of a classic histogram's family
    /// selects its buckets.
    pub async fn exemplars(&self, request: &ExemplarsRequest) -> Result<Vec<ExemplarPoint>, StoreError> {
        let ExemplarsRequest { metric, matchers, range, .. } = request;
        let set = SeriesSet::select_by(&self.source, metric, matchers, *range, select_with_families).await?;
        set.exemplars(request.limit).await
    }

    /// Finds the metrics whose name, or the name that Prometheus would give them, contains the
    /// search in any case. The full name of a component series of a histogram finds the histogram,
    /// also where it was written as its components. Returns them in name order.
    pub async fn catalog(&self, request: &MetricCatalogRequest) -> Result<Vec<MetricSummary>, StoreError> {
        let request = request.clone();
        self.source.compute(move |catalog| metric_catalog(catalog, &request)).await
    }

    /// Returns the tags of a metric's series with their values, most frequent first, keys in name
    /// order.
    pub async fn tags(&self, request: &TagsRequest) -> Result<Vec<TagSummary>, StoreError> {
        let request = request.clone();
        self.source.compute(move |catalog| tags(catalog, &request)).await
    }

    /// Returns kind and unit of a metric, or none if it has no series.
    pub async fn kind(&self, metric: &str) -> Result<Option<(MetricKind, String)>, StoreError> {
        let metric = metric.to_owned();
        self.source.compute(move |catalog| metric_kind(catalog, &metric)).await
    }

    /// Returns kind (gauge or counter) and unit of the series of exactly this name, where they
    /// differ from what Prometheus assumes by the name alone. Reads from memory.
    pub fn declared_type(&self, metric: &str) -> Option<(MetricKind, String)> {
        self.source.catalog().declared_type(metric)
    }
}
