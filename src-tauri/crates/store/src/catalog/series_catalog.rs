//! The catalog of every series and resource.

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use duckdb::Connection;
use model::{Attributes, IdentityHash, MetricKind, TagMatcher, Temporality, prometheus};
use parking_lot::{Mutex, RwLock, RwLockReadGuard};

use super::{
    entries::Entries, label_file::LabelFile, label_set::CURRENT_TIDYINGS, matcher::Matchers,
    resource::ResourceEntry, series::SeriesEntry,
};
use crate::{
    StoreError,
    write::{cardinality::CardinalityLimiter, counted::Counted},
};

/// The catalog, shared by the writer, which adds entries, and the readers. Labels of past series
/// are in a file if they are large ([`Self::tidy`]).
#[derive(Debug)]
pub(crate) struct SeriesCatalog {
    pub(super) entries: RwLock<Entries>,
    /// The folder of the file; none if all labels stay in memory.
    pub(super) folder: Option<PathBuf>,
    pub(super) file: Mutex<Option<Arc<LabelFile>>>,
    /// Bytes of labels of past series and resources that stay in memory.
    pub(super) max_past: usize,
    /// The number of the next tidying. Those that were loaded are past from the beginning.
    pub(super) tidying: AtomicU32,
}

impl Default for SeriesCatalog {
    /// An empty catalog that holds all labels in memory.
    fn default() -> Self {
        Self {
            entries: RwLock::default(),
            folder: None,
            file: Mutex::default(),
            max_past: usize::MAX,
            tidying: AtomicU32::new(CURRENT_TIDYINGS + 1),
        }
    }
}

impl SeriesCatalog {
    /// Reads the catalog of a database. Labels beyond `max_past` bytes go to a file in a folder.
    pub(crate) fn load(connection: &Connection, folder: &Path, max_past: usize) -> Result<Self, StoreError> {
        let catalog = Self { folder: Some(folder.to_owned()), max_past, ..Self::default() };
        catalog.read(connection)?;
        Ok(catalog)
    }

    /// Removes the entries that were deleted from the database.
    pub(crate) fn remove_deleted(&self, connection: &Connection) -> Result<(), StoreError> {
        let ids = |table: &str| -> Result<HashSet<u64, IdentityHash>, StoreError> {
            let mut statement = connection.prepare(&format!("SELECT id FROM {table}"))?;
            let ids = statement.query_map([], |row| row.get(0))?;
            Ok(ids.collect::<Result<_, _>>()?)
        };
        let (series, resources) = (ids("series")?, ids("resources")?);
        self.entries.write().retain(|id| series.contains(&id), |id| resources.contains(&id));
        Ok(())
    }

    fn entries(&self) -> RwLockReadGuard<'_, Entries> {
        self.entries.read()
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
                && series.resource.names_a_job
        };
        let entries = self.entries();
        let found = entries.by_name.get(metric)?.iter().find(declared)?;
        Some((found.kind, found.unit.to_string()))
    }

    /// Adds the entries of a commit. Each series comes with the id of its resource.
    pub(crate) fn extend(
        &self,
        resources: impl IntoIterator<Item = (u64, Arc<ResourceEntry>)>,
        series: impl IntoIterator<Item = (SeriesEntry, u64)>,
    ) {
        let number = self.tidying.load(Ordering::Relaxed);
        let mut entries = self.entries.write();
        for (id, resource) in resources {
            resource.last_use.set(number);
            entries.resources.insert(id, resource);
        }
        for (mut series, resource) in series {
            // Its labels may have been moved since it was read.
            if let Some(resource) = entries.resources.get(&resource) {
                series.resource = Arc::clone(resource);
            }
            series.last_use.set(number);
            entries.insert(series);
        }
    }

    /// Returns the ids of all series of some services.
    pub(crate) fn series_of(&self, services: &HashSet<String>) -> HashSet<u64> {
        let entries = self.entries();
        let matching = entries.series.values().filter(|series| services.contains(series.service()));
        matching.map(|series| series.id).collect()
    }

    /// Counts all series in the limiter again. If labels cannot be read, the count stays as it is.
    pub(crate) fn recount(&self, limiter: &mut CardinalityLimiter) {
        match self.counted() {
            Ok(counted) => limiter.recount(counted),
            Err(error) => tracing::warn!(%error, "series not counted again, the limits include deleted ones"),
        }
    }

    fn counted(&self) -> Result<Counted, StoreError> {
        let entries = self.entries();
        let mut counted = Counted::default();
        for resource in entries.resources.values() {
            counted.resource(resource, &*resource.attributes.read()?);
        }
        let mut by_resource: HashMap<*const ResourceEntry, Vec<&SeriesEntry>> = HashMap::new();
        for series in entries.series.values() {
            by_resource.entry(Arc::as_ptr(&series.resource)).or_default().push(series);
        }
        for series in by_resource.into_values() {
            let Some(first) = series.first() else { continue };
            let of_resource = first.resource.attributes.read()?;
            for one in series {
                counted.series(one, &of_resource, &*one.attributes.read()?);
            }
        }
        Ok(counted)
    }

    /// Returns whether a series is known. It is written to now.
    pub(crate) fn writes_series(&self, id: u64) -> bool {
        let (entries, number) = (self.entries(), self.tidying.load(Ordering::Relaxed));
        entries.series.get(&id).inspect(|series| series.last_use.set(number)).is_some()
    }

    /// Returns the first id that no series has. The series before it are written to now.
    pub(crate) fn first_unknown(&self, ids: impl IntoIterator<Item = u64>) -> Option<u64> {
        let (entries, number) = (self.entries(), self.tidying.load(Ordering::Relaxed));
        ids.into_iter().find(|id| {
            let known = entries.series.get(id);
            known.inspect(|series| series.last_use.set(number)).is_none()
        })
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

    /// Returns the resource with an id. It is written to now.
    pub(crate) fn written_resource(&self, id: u64) -> Option<Arc<ResourceEntry>> {
        let resource = self.entries().resources.get(&id).cloned();
        resource.inspect(|resource| resource.last_use.set(self.tidying.load(Ordering::Relaxed)))
    }

    /// Returns the attributes of a resource. They are empty if it is unknown.
    pub(crate) fn resource_attributes(&self, id: u64) -> Result<Attributes, StoreError> {
        let resource = self.entries().resources.get(&id).cloned();
        resource.map_or_else(|| Ok(Attributes::new()), |resource| Ok(resource.unpack()?.attributes))
    }

    /// Returns the ids of the demonstration's series.
    pub(crate) fn demonstration(&self) -> HashSet<u64> {
        let entries = self.entries();
        let matching = entries.series.values().filter(|series| series.resource.is_demonstration);
        matching.map(|series| series.id).collect()
    }

    /// Returns the number of series and of resources.
    pub(crate) fn len(&self) -> (u64, u64) {
        let entries = self.entries();
        (entries.series.len() as u64, entries.resources.len() as u64)
    }

    /// Returns whether any resource is the demonstration's.
    pub(crate) fn has_demonstration(&self) -> bool {
        self.entries().resources.values().any(|resource| resource.is_demonstration)
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
        let mut candidates: Vec<_> = {
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
        let mut outcome = Ok(());
        candidates.retain(|series| {
            outcome.is_ok()
                && matchers.accept(series).unwrap_or_else(|error| {
                    outcome = Err(error);
                    false
                })
        });
        outcome.map(|()| candidates)
    }
}
