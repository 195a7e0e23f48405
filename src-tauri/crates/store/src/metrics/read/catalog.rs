//! Metrics and tags, read from the catalog in memory.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use model::{
    Aggregation, MetricCatalogRequest, MetricKind, MetricSummary, TagSummary, TagsRequest,
    prometheus::{translated_name, unit_of_family},
};

use super::classic_families::{ClassicFamilies, has_bounds, select_with_families};
use crate::{
    StoreError,
    catalog::{
        series::{BOUND, SeriesEntry},
        series_catalog::SeriesCatalog,
    },
    read::tag_counts::TagCounts,
};

/// The services returned of a metric, at most.
const MAX_SERVICES: usize = 20;
/// Returns the suffixes of the component series that Prometheus has of a histogram or summary.
fn component_suffixes(kind: MetricKind) -> &'static [&'static str] {
    match kind {
        MetricKind::Histogram | MetricKind::ExponentialHistogram => &["_count", "_sum", "_bucket"],
        MetricKind::Summary => &["_count", "_sum"],
        MetricKind::Gauge | MetricKind::Counter => &[],
    }
}

/// Finds the metrics whose name, or the name that Prometheus would give them, contains the search
/// in any case. The full name of a component series of a histogram finds the histogram, also where
/// it was written as its components. Returns them in name order.
pub(super) fn metric_catalog(
    catalog: &SeriesCatalog,
    request: &MetricCatalogRequest,
) -> Result<Vec<MetricSummary>, StoreError> {
    let search = request.search.to_lowercase();
    let mut metrics: BTreeMap<Arc<str>, Vec<Arc<SeriesEntry>>> = BTreeMap::new();
    let mut matches: HashMap<Arc<str>, bool> = HashMap::new();
    let selected = catalog.select("", &request.matchers)?;
    let families = ClassicFamilies::among(&selected);
    for series in selected {
        let family = families.of(&series);
        let name = family.unwrap_or(&series.name);
        let found = *matches.entry(Arc::clone(name)).or_insert_with(|| {
            let kind = if family.is_some() { MetricKind::Histogram } else { series.kind };
            let translated = match family {
                Some(family) => Cow::Borrowed(&**family),
                None => translated_name(&series.name, &series.unit, series.kind, series.monotonic),
            };
            name.to_lowercase().contains(&search)
                || translated.to_lowercase().contains(&search)
                || component_suffixes(kind).iter().any(|suffix| {
                    search.strip_suffix(suffix).is_some_and(|family| {
                        name.eq_ignore_ascii_case(family) || translated.eq_ignore_ascii_case(family)
                    })
                })
        });
        if found {
            metrics.entry(Arc::clone(name)).or_default().push(series);
        }
    }
    let summaries = metrics.into_iter().take(request.limit as usize).filter_map(|(name, series)| {
        let summary = summary(&series)?;
        Some(if *name == *summary.name { summary } else { family_summary(&name, &series, summary) })
    });
    Ok(summaries.collect())
}

/// Returns the tags of a metric's series with their values, most frequent first, keys in name
/// order. The tags of a classic histogram's family are those of its buckets but for the bounds.
pub(super) fn tags(catalog: &SeriesCatalog, request: &TagsRequest) -> Result<Vec<TagSummary>, StoreError> {
    let mut tags = TagCounts::default();
    for series in select_with_families(catalog, &request.metric, &request.matchers)? {
        let is_of_family =
            has_bounds(&series) && series.name.strip_suffix("_bucket") == Some(&request.metric);
        for (key, value) in series.labels()? {
            if !(is_of_family && key == BOUND) {
                tags.add(key, value);
            }
        }
    }
    Ok(tags.summaries())
}

/// Returns kind and unit of a metric, or none if it has no series.
pub(super) fn metric_kind(
    catalog: &SeriesCatalog,
    metric: &str,
) -> Result<Option<(MetricKind, String)>, StoreError> {
    if metric.is_empty() {
        return Ok(None);
    }
    let series = catalog.select(metric, &[])?;
    Ok(series.first().map(|first| (first.kind, first.unit.to_string())))
}

/// Returns the summary of a family from that of its components. Each of its counts is a series.
fn family_summary(family: &str, components: &[Arc<SeriesEntry>], summary: MetricSummary) -> MetricSummary {
    let counts = components.iter().filter(|series| series.name.ends_with("_count")).count();
    MetricSummary {
        name: family.to_owned(),
        kind: MetricKind::Histogram,
        unit: unit_of_family(family).to_owned(),
        series: u32::try_from(counts).unwrap_or(u32::MAX),
        suggested: Aggregation::P95,
        ..summary
    }
}

fn summary(series: &[Arc<SeriesEntry>]) -> Option<MetricSummary> {
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
        services: services.into_iter().take(MAX_SERVICES).map(str::to_owned).collect(),
        suggested: match first.kind {
            MetricKind::Gauge => Aggregation::Average,
            MetricKind::Counter if has_bounds(first) => Aggregation::P95,
            MetricKind::Counter if first.monotonic => Aggregation::Rate,
            MetricKind::Counter => Aggregation::Last,
            MetricKind::Histogram | MetricKind::ExponentialHistogram => Aggregation::P95,
            MetricKind::Summary => Aggregation::Rate,
        },
    })
}
