//! Classic histograms that were written as counters: `NAME_bucket`, `NAME_sum` and `NAME_count`.
//!
//! Remote write delivers them so. Each is one metric in lists, under the name of its family.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use model::{MetricKind, TagMatcher};

use crate::{
    StoreError,
    catalog::{series::SeriesEntry, series_catalog::SeriesCatalog},
};

/// The families among some series.
pub(super) struct ClassicFamilies {
    /// The family by the name of a component.
    by_component: HashMap<Arc<str>, Arc<str>>,
}

impl ClassicFamilies {
    /// Finds the families that have buckets and a count, and whose name no metric has.
    pub(super) fn among(series: &[Arc<SeriesEntry>]) -> Self {
        let names: HashSet<&Arc<str>> = series.iter().map(|one| &one.name).collect();
        let mut by_component = HashMap::new();
        for bucket in series.iter().filter(|one| has_bounds(one)) {
            let Some(family) = bucket.name.strip_suffix("_bucket") else { continue };
            if by_component.contains_key(&bucket.name) || names.contains(&Arc::from(family)) {
                continue;
            }
            let component = |suffix: &str| names.get(&Arc::from(format!("{family}{suffix}"))).copied();
            let Some(count) = component("_count") else { continue };
            let family: Arc<str> = family.into();
            for name in [Some(&bucket.name), Some(count), component("_sum")].into_iter().flatten() {
                by_component.insert(Arc::clone(name), Arc::clone(&family));
            }
        }
        Self { by_component }
    }

    /// Returns the family of a component.
    pub(super) fn of(&self, series: &SeriesEntry) -> Option<&Arc<str>> {
        self.by_component.get(&series.name)
    }
}

/// Returns whether a series is a bucket of a classic histogram.
pub(super) fn has_bounds(series: &SeriesEntry) -> bool {
    series.kind == MetricKind::Counter && series.name.ends_with("_bucket") && series.has_bound
}

/// Selects the series of a metric, or of all metrics if the name is empty. The name of a family
/// selects its buckets.
pub(super) fn select_with_families(
    catalog: &SeriesCatalog,
    metric: &str,
    matchers: &[TagMatcher],
) -> Result<Vec<Arc<SeriesEntry>>, StoreError> {
    let series = catalog.select(metric, matchers)?;
    if !series.is_empty() || metric.is_empty() {
        return Ok(series);
    }
    let mut buckets = catalog.select(&format!("{metric}_bucket"), matchers)?;
    buckets.retain(|series| has_bounds(series));
    Ok(buckets)
}
