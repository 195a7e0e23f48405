//! The catalog of every series and resource, in memory.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use duckdb::Connection;
use model::{
    Attributes, IdentityHash, MetricKind, Resource, Scope, TagMatcher, Temporality,
    prometheus::{self, translated_name},
};
use parking_lot::{RwLock, RwLockReadGuard};

use super::{matcher::Matchers, series::SeriesEntry};
use crate::{StoreError, database::attributes::parse_attributes, write::cardinality::CardinalityLimiter};

#[derive(Debug, Default)]
struct Entries {
    series: HashMap<u64, Arc<SeriesEntry>, IdentityHash>,
    by_name: HashMap<Arc<str>, Vec<Arc<SeriesEntry>>>,
    /// Names by those that Prometheus would give them, where they differ.
    translated: HashMap<String, Vec<Arc<str>>>,
    resources: HashMap<u64, Arc<Resource>>,
    /// Ids of series by those of their earlier data.
    later: HashMap<u64, u64, IdentityHash>,
}

impl Entries {
    fn insert_series(&mut self, mut series: SeriesEntry) {
        if self.series.contains_key(&series.id) {
            return;
        }
        // One allocation per metric name, not one per series.
        if let Some((name, _)) = self.by_name.get_key_value(&series.name) {
            series.name = Arc::clone(name);
        }
        let before = self.by_name.get(&series.name).and_then(|series| series.last());
        if let Some(before) = before {
            for (own, other) in
                [(&mut series.description, &before.description), (&mut series.unit, &before.unit)]
            {
                if *own == *other {
                    *own = Arc::clone(other);
                }
            }
        }
        let translates_alike = before.is_some_and(|before| {
            (before.kind, before.monotonic) == (series.kind, series.monotonic) && before.unit == series.unit
        });
        if !translates_alike {
            let translated = translated_name(&series.name, &series.unit, series.kind, series.monotonic);
            if *translated != *series.name {
                let names = self.translated.entry(translated.into_owned()).or_default();
                if !names.contains(&series.name) {
                    names.push(Arc::clone(&series.name));
                }
            }
        }
        series.earlier = series.earlier_id();
        if let Some(earlier) = series.earlier {
            self.later.insert(earlier, series.id);
        }
        let series = Arc::new(series);
        self.by_name.entry(Arc::clone(&series.name)).or_default().push(Arc::clone(&series));
        self.series.insert(series.id, series);
    }

    fn named(&self, metric: &str) -> Vec<Arc<SeriesEntry>> {
        if let Some(series) = self.by_name.get(metric) {
            return series.clone();
        }
        let names = self.translated.get(metric).into_iter().flatten();
        names.filter_map(|name| self.by_name.get(name)).flatten().cloned().collect()
    }
}

/// The catalog, shared by the writer, which adds entries, and the readers.
#[derive(Debug, Default)]
pub(crate) struct SeriesCatalog(RwLock<Entries>);

impl SeriesCatalog {
    /// Reads the catalog of a database.
    pub(crate) fn load(connection: &Connection) -> Result<Self, StoreError> {
        let catalog = Self::default();
        catalog.reload(connection)?;
        Ok(catalog)
    }

    /// Reads the catalog again, after entries were deleted.
    pub(crate) fn reload(&self, connection: &Connection) -> Result<(), StoreError> {
        let mut entries = Entries::default();
        let mut statement = connection.prepare("SELECT id, attributes FROM resources")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let attributes = parse_attributes(&row.get::<_, String>(1)?);
            entries.resources.insert(row.get(0)?, Arc::new(Resource { attributes }));
        }
        let mut statement = connection.prepare(
            "SELECT id, name, kind, unit, description, temporality, monotonic, resource_id, attributes, \
             scope_name, scope_version FROM series",
        )?;
        // One allocation per scope, not one per series.
        let mut scopes: HashMap<(String, String), Arc<Scope>> = HashMap::new();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let resource = entries.resources.get(&row.get::<_, u64>(7)?).cloned().unwrap_or_default();
            let scope = Scope { name: row.get(9)?, version: row.get(10)? };
            let scope = Arc::clone(
                scopes.entry((scope.name.clone(), scope.version.clone())).or_insert_with(|| Arc::new(scope)),
            );
            entries.insert_series(SeriesEntry {
                id: row.get(0)?,
                name: row.get::<_, String>(1)?.into(),
                kind: kind(row.get(2)?),
                unit: row.get::<_, String>(3)?.into(),
                description: row.get::<_, String>(4)?.into(),
                temporality: temporality(row.get(5)?),
                monotonic: row.get(6)?,
                attributes: (&parse_attributes(&row.get::<_, String>(8)?)).into(),
                resource,
                scope,
                earlier: None,
            });
        }
        *self.0.write() = entries;
        Ok(())
    }

    fn entries(&self) -> RwLockReadGuard<'_, Entries> {
        self.0.read()
    }

    /// Returns kind and unit of a metric of exactly this name, where they were declared and differ
    /// from what Prometheus assumes by the name alone.
    pub(crate) fn declared_type(&self, metric: &str) -> Option<(MetricKind, String)> {
        let declared = |series: &&Arc<SeriesEntry>| {
            let plain = match series.kind {
                MetricKind::Gauge => true,
                MetricKind::Counter => series.monotonic && series.temporality == Temporality::Cumulative,
                _ => false,
            };
            plain
                && !prometheus::is_as_named(metric, series.kind, &series.unit)
                && prometheus::names_a_job(&series.resource)
        };
        let entries = self.entries();
        let found = entries.by_name.get(metric)?.iter().find(declared)?;
        Some((found.kind, found.unit.to_string()))
    }

    /// Adds the entries of a commit.
    pub(crate) fn extend(
        &self,
        resources: impl IntoIterator<Item = (u64, Arc<Resource>)>,
        series: impl IntoIterator<Item = SeriesEntry>,
    ) {
        let mut entries = self.0.write();
        entries.resources.extend(resources);
        for series in series {
            entries.insert_series(series);
        }
    }

    /// Returns the ids of all series of some services.
    pub(crate) fn series_of(&self, services: &HashSet<String>) -> HashSet<u64> {
        let entries = self.entries();
        let matching = entries.series.values().filter(|series| services.contains(series.service()));
        matching.map(|series| series.id).collect()
    }

    /// Counts all series in the limiter again.
    pub(crate) fn recount(&self, limiter: &mut CardinalityLimiter) {
        let entries = self.entries();
        limiter.recount(
            entries.series.values().map(|series| (&*series.resource, series.attributes.unpack())),
            entries.resources.values().map(|resource| &**resource),
        );
    }

    /// Returns whether a series is known.
    pub(crate) fn has_series(&self, id: u64) -> bool {
        self.entries().series.contains_key(&id)
    }

    /// Returns the first id that no series has.
    pub(crate) fn first_unknown(&self, ids: impl IntoIterator<Item = u64>) -> Option<u64> {
        let entries = self.entries();
        ids.into_iter().find(|id| !entries.series.contains_key(id))
    }

    /// Returns the ids of data from before the type of their series was declared.
    pub(crate) fn later_declared(&self) -> HashSet<u64> {
        self.entries().later.keys().copied().collect()
    }

    /// Returns the ids of all series.
    pub(crate) fn ids(&self) -> Vec<u64> {
        self.entries().series.keys().copied().collect()
    }

    /// Returns the series with an id.
    pub(crate) fn series(&self, id: u64) -> Option<Arc<SeriesEntry>> {
        self.entries().series.get(&id).cloned()
    }

    /// Returns whether a resource is known.
    pub(crate) fn has_resource(&self, id: u64) -> bool {
        self.entries().resources.contains_key(&id)
    }

    /// Returns the resource with an id.
    pub(crate) fn resource(&self, id: u64) -> Option<Arc<Resource>> {
        self.entries().resources.get(&id).cloned()
    }

    /// Returns the attributes of a resource. They are empty if it is unknown.
    pub(crate) fn resource_attributes(&self, id: u64) -> Attributes {
        self.entries().resources.get(&id).map(|resource| resource.attributes.clone()).unwrap_or_default()
    }

    /// Returns the ids of the demonstration's series.
    pub(crate) fn demonstration(&self) -> HashSet<u64> {
        let entries = self.entries();
        let matching = entries.series.values().filter(|series| series.resource.is_demonstration());
        matching.map(|series| series.id).collect()
    }

    /// Returns the number of series and of resources.
    pub(crate) fn len(&self) -> (u64, u64) {
        let entries = self.entries();
        (entries.series.len() as u64, entries.resources.len() as u64)
    }

    /// Returns whether any resource is the demonstration's.
    pub(crate) fn has_demonstration(&self) -> bool {
        self.entries().resources.values().any(|resource| resource.is_demonstration())
    }

    /// Returns the id of the data that a series wrote before its type was declared, if there are
    /// any.
    pub(crate) fn earlier_id(&self, series: &SeriesEntry) -> Option<u64> {
        series.earlier.filter(|earlier| self.entries().series.contains_key(earlier))
    }

    /// Selects series of a metric, or of all metrics if the name is empty, that meet every matcher.
    /// Where no metric has the name, it selects those that Prometheus would know by it. A series
    /// whose type was declared late is one series with its earlier form ([`Self::earlier_id`]).
    pub(crate) fn select(
        &self,
        metric: &str,
        matchers: &[TagMatcher],
    ) -> Result<Vec<Arc<SeriesEntry>>, StoreError> {
        let matchers = Matchers::compile(matchers)?;
        let candidates: Vec<_> = {
            let entries = self.entries();
            let mut found = if metric.is_empty() {
                entries.series.values().cloned().collect()
            } else {
                entries.named(metric)
            };
            if !entries.later.is_empty() {
                let declared = |series: &SeriesEntry| entries.later.get(&series.id);
                found.retain(|series| {
                    declared(series).is_none_or(|declared| !entries.series.contains_key(declared))
                });
            }
            found
        };
        Ok(candidates.into_iter().filter(|series| matchers.accept(series)).collect())
    }
}

fn kind(number: u8) -> MetricKind {
    match number {
        0 => MetricKind::Gauge,
        1 => MetricKind::Counter,
        2 => MetricKind::Histogram,
        3 => MetricKind::ExponentialHistogram,
        _ => MetricKind::Summary,
    }
}

fn temporality(number: u8) -> Temporality {
    match number {
        1 => Temporality::Delta,
        2 => Temporality::Cumulative,
        _ => Temporality::Unspecified,
    }
}
