//! Which metrics and tags there are: answered from the dictionary.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use model::{
    Aggregation, MetricCatalogRequest, MetricKind, MetricSummary, TagSummary, TagsRequest,
    prometheus::translated_name,
};

use crate::{
    Store, StoreError,
    dictionary::{Dictionary, KnownSeries},
};

/// Services named with a metric.
const MOST_SERVICES: usize = 20;
/// Values named with a tag.
const MOST_VALUES: usize = 100;

/// What Prometheus puts behind the name of a histogram or summary for the series it is told as.
fn parts_of(kind: MetricKind) -> &'static [&'static str] {
    match kind {
        MetricKind::Histogram | MetricKind::ExponentialHistogram => &["_count", "_sum", "_bucket"],
        MetricKind::Summary => &["_count", "_sum"],
        MetricKind::Gauge | MetricKind::Counter => &[],
    }
}

impl Store {
    /// The metrics whose name, or what Prometheus would call them, contains the search in any case, in name order. The
    /// whole name of a part of a histogram finds the histogram.
    pub async fn metric_catalog(
        &self,
        request: &MetricCatalogRequest,
    ) -> Result<Vec<MetricSummary>, StoreError> {
        let request = request.clone();
        self.compute(move |dictionary| {
            let search = request.search.to_lowercase();
            let mut metrics: BTreeMap<Arc<str>, Vec<Arc<KnownSeries>>> = BTreeMap::new();
            let mut wanted: HashMap<Arc<str>, bool> = HashMap::new();
            for series in dictionary.select("", &request.matchers)? {
                let found = *wanted.entry(Arc::clone(&series.name)).or_insert_with(|| {
                    let translated =
                        translated_name(&series.name, &series.unit, series.kind, series.monotonic);
                    series.name.to_lowercase().contains(&search)
                        || translated.to_lowercase().contains(&search)
                        || parts_of(series.kind).iter().any(|part| {
                            search.strip_suffix(part).is_some_and(|family| {
                                series.name.eq_ignore_ascii_case(family)
                                    || translated.eq_ignore_ascii_case(family)
                            })
                        })
                });
                if found {
                    metrics.entry(Arc::clone(&series.name)).or_default().push(series);
                }
            }
            Ok(metrics
                .into_values()
                .take(request.limit as usize)
                .filter_map(|series| summary(&series))
                .collect())
        })
        .await
    }

    /// The tags of a metric's series with their values, commonest first; keys in name order.
    pub async fn tags(&self, request: &TagsRequest) -> Result<Vec<TagSummary>, StoreError> {
        let request = request.clone();
        self.compute(move |dictionary| {
            let mut tags = TagCounts::default();
            for series in dictionary.select(&request.metric, &request.matchers)? {
                for (key, value) in series.labels() {
                    tags.add(key, value);
                }
            }
            Ok(tags.summaries())
        })
        .await
    }

    /// Kind (gauge or counter) and unit of the series of exactly this name, where they are others than Prometheus would
    /// take them for by the name alone. Answered from memory.
    pub fn told_of(&self, metric: &str) -> Option<(MetricKind, String)> {
        self.dictionary().told_of(metric)
    }

    /// Kind and unit of a metric; none if it was never seen.
    pub async fn metric_kind(&self, metric: &str) -> Result<Option<(MetricKind, String)>, StoreError> {
        let metric = metric.to_owned();
        self.compute(move |dictionary| {
            let series = dictionary.select(&metric, &[])?;
            Ok(series
                .first()
                .filter(|_| !metric.is_empty())
                .map(|first| (first.kind, first.unit.to_string())))
        })
        .await
    }

    async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Dictionary) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let dictionary = self.dictionary();
        tokio::task::spawn_blocking(move || work(&dictionary))
            .await
            .unwrap_or_else(|error| Err(StoreError::Database(error.to_string())))
    }
}

fn summary(series: &[Arc<KnownSeries>]) -> Option<MetricSummary> {
    let first = series.first()?;
    let services: BTreeSet<&str> = series.iter().map(|series| series.service()).collect();
    Some(MetricSummary {
        name: first.name.to_string(),
        kind: first.kind,
        unit: first.unit.to_string(),
        temporality: first.temporality,
        description: series
            .iter()
            .map(|series| &series.description)
            .find(|description| !description.is_empty())
            .map(ToString::to_string)
            .unwrap_or_default(),
        series: u32::try_from(series.len()).unwrap_or(u32::MAX),
        services: services.into_iter().take(MOST_SERVICES).map(str::to_owned).collect(),
        suggested: match first.kind {
            MetricKind::Gauge => Aggregation::Average,
            MetricKind::Counter if first.monotonic => Aggregation::Rate,
            MetricKind::Counter => Aggregation::Last,
            MetricKind::Histogram | MetricKind::ExponentialHistogram => Aggregation::P95,
            MetricKind::Summary => Aggregation::Rate,
        },
    })
}

/// How often each value of each tag was met.
#[derive(Default)]
pub(super) struct TagCounts(BTreeMap<String, HashMap<String, u64>>);

impl TagCounts {
    pub(super) fn add(&mut self, key: String, value: String) {
        *self.0.entry(key).or_default().entry(value).or_default() += 1;
    }

    /// Keys in name order, values by how often they were met and then by name.
    pub(super) fn summaries(self) -> Vec<TagSummary> {
        self.0
            .into_iter()
            .map(|(key, values)| {
                let count = u32::try_from(values.len()).unwrap_or(u32::MAX);
                let mut values: Vec<_> = values.into_iter().collect();
                values.sort_unstable_by(|left, right| right.1.cmp(&left.1).then(left.0.cmp(&right.0)));
                values.truncate(MOST_VALUES);
                TagSummary { key, count, values: values.into_iter().map(|(value, _)| value).collect() }
            })
            .collect()
    }
}
