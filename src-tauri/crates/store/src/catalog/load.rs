//! Reading of the catalog from the database.

use std::sync::Arc;

use duckdb::Connection;
use model::{MetricKind, Resource, Scope, Temporality};

use super::{
    entries::{Changes, Entries},
    label_set::LabelSet,
    offload::LABELS_AT_ONCE,
    resource::ResourceEntry,
    series::{BOUND, SeriesEntry},
    series_catalog::SeriesCatalog,
};
use crate::{StoreError, database::attributes::parse_attributes};

impl SeriesCatalog {
    /// Reads all entries of a database. Labels beyond the limit move to the file as they are read.
    pub(super) fn read(&self, connection: &Connection) -> Result<(), StoreError> {
        let mut entries = Entries::default();
        // Half of the limit is for resources.
        let mut loading = Loading { catalog: self, held: 0, ids: Vec::new(), waiting: 0 };
        let mut statement = connection.prepare("SELECT id, attributes FROM resources")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let id = row.get(0)?;
            let attributes = parse_attributes(&row.get::<_, String>(1)?);
            let resource = ResourceEntry::from(&Resource { attributes });
            let memory = resource.attributes.memory();
            entries.resources.insert(id, Arc::new(resource));
            loading.added(id, memory, self.max_past / 2, &mut entries, resources_to_file);
        }
        loading.flush(&mut entries, resources_to_file);
        let mut statement = connection.prepare(
            "SELECT id, name, kind, unit, description, temporality, monotonic, resource_id, attributes, \
             scope_name, scope_version FROM series",
        )?;
        let unknown = Arc::new(ResourceEntry::from(&Resource::default()));
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let resource = entries.resources.get(&row.get::<_, u64>(7)?).unwrap_or(&unknown);
            let attributes = parse_attributes(&row.get::<_, String>(8)?);
            let series = SeriesEntry {
                id: row.get(0)?,
                name: row.get::<_, String>(1)?.into(),
                kind: kind(row.get(2)?),
                unit: row.get::<_, String>(3)?.into(),
                description: row.get::<_, String>(4)?.into(),
                temporality: temporality(row.get(5)?),
                monotonic: row.get(6)?,
                has_bound: attributes.0.contains_key(BOUND),
                attributes: LabelSet::Memory((&attributes).into()),
                resource: Arc::clone(resource),
                scope: Arc::new(Scope { name: row.get(9)?, version: row.get(10)? }),
                earlier: None,
                last_use: Default::default(),
            };
            let series = series.with_earlier()?;
            let (id, memory) = (series.id, series.attributes.memory());
            entries.insert(series);
            loading.added(id, memory, self.max_past, &mut entries, series_to_file);
        }
        loading.flush(&mut entries, series_to_file);
        *self.entries.write() = entries;
        Ok(())
    }
}

/// What is in memory while the catalog is read.
struct Loading<'catalog> {
    catalog: &'catalog SeriesCatalog,
    /// Bytes of labels that stay in memory.
    held: usize,
    /// The entries that are about to move to the file, and the bytes of their labels.
    ids: Vec<u64>,
    waiting: usize,
}

type ToFile = fn(&SeriesCatalog, &Entries, &[u64]) -> Option<Changes>;

impl Loading<'_> {
    fn added(&mut self, id: u64, memory: usize, max: usize, entries: &mut Entries, to_file: ToFile) {
        if self.held.saturating_add(memory) <= max {
            self.held += memory;
            return;
        }
        self.ids.push(id);
        self.waiting += memory;
        if self.waiting >= LABELS_AT_ONCE {
            self.flush(entries, to_file);
        }
    }

    fn flush(&mut self, entries: &mut Entries, to_file: ToFile) {
        let ids = std::mem::take(&mut self.ids);
        self.waiting = 0;
        if let Some(changes) = to_file(self.catalog, entries, &ids) {
            entries.apply(changes);
        }
    }
}

fn resources_to_file(catalog: &SeriesCatalog, entries: &Entries, ids: &[u64]) -> Option<Changes> {
    catalog.to_file(entries, &[], ids)
}

fn series_to_file(catalog: &SeriesCatalog, entries: &Entries, ids: &[u64]) -> Option<Changes> {
    catalog.to_file(entries, ids, &[])
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
