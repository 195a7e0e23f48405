//! Appending of batches within the writer's transaction.

use std::{borrow::Cow, collections::HashMap, sync::Arc};

use duckdb::Connection;
use model::{Exemplar, HistogramPoint, IdentityHash, LogRecord, Resource, Sample, SeriesId, Span};
use parking_lot::Mutex;

use super::{
    cardinality::{CardinalityLimiter, Rejection},
    job::{DroppedPoints, Incoming},
    label_size::cut,
};
use crate::{
    StoreError,
    catalog::{resource::ResourceEntry, series::SeriesEntry, series_catalog::SeriesCatalog},
    database::columns::{Columns, append_rows, boolean, json, text, tiny, unsigned},
    logs::append::log_columns,
    metrics::{
        append::{exemplar_columns, histogram_columns, sample_columns},
        head,
    },
    traces::append::span_columns,
};

/// Maximum bytes of the service of a resource that is reduced to it.
const MAX_SERVICE_BYTES: usize = 256;

/// Series and resources that a group has first.
#[derive(Default)]
pub(crate) struct NewEntries {
    pub(crate) resources: HashMap<u64, Arc<ResourceEntry>>,
    /// Each with the id of its resource.
    pub(crate) series: HashMap<u64, (SeriesEntry, u64), IdentityHash>,
    resource_ids: HashMap<usize, u64>,
}

/// An append of batches within the writer's transaction.
pub(crate) struct Appending<'store> {
    connection: &'store Connection,
    catalog: &'store SeriesCatalog,
    limiter: &'store Mutex<CardinalityLimiter>,
    rejected: HashMap<u64, Rejection>,
    /// The head that takes samples and histogram points.
    head: u64,
    pub(crate) new: NewEntries,
}

impl<'store> Appending<'store> {
    pub(crate) fn new(
        connection: &'store Connection,
        catalog: &'store SeriesCatalog,
        limiter: &'store Mutex<CardinalityLimiter>,
        head: u64,
    ) -> Self {
        Self { connection, catalog, limiter, rejected: HashMap::new(), head, new: NewEntries::default() }
    }

    /// Appends every record but the points of series beyond the limits. `next_log_id` numbers the
    /// log records. Returns the dropped points of each batch, or nothing if there are none.
    pub(crate) fn append(
        &mut self,
        incoming: &[Incoming],
        next_log_id: &mut i64,
    ) -> Result<Vec<DroppedPoints>, StoreError> {
        self.append_series(incoming)?;
        let dropped = self.count_rejected(incoming);
        let batches = || incoming.iter().map(|(batch, _)| batch);
        let accepted = |series: SeriesId| self.rejected.is_empty() || !self.rejected.contains_key(&series.0);
        let samples: Vec<&Sample> =
            batches().flat_map(|batch| &batch.samples).filter(|sample| accepted(sample.series)).collect();
        let histograms: Vec<&HistogramPoint> =
            batches().flat_map(|batch| &batch.histograms).filter(|point| accepted(point.series)).collect();
        let exemplars: Vec<&Exemplar> = batches()
            .flat_map(|batch| &batch.exemplars)
            .filter(|exemplar| accepted(exemplar.series))
            .collect();
        let logs: Vec<&LogRecord> = batches().flat_map(|batch| &batch.logs).collect();
        let spans: Vec<&Span> = batches().flat_map(|batch| &batch.spans).collect();
        let (log_resources, span_resources) = self.record_resources(incoming);
        self.reject_unknown_series(
            samples
                .iter()
                .map(|sample| sample.series)
                .chain(histograms.iter().map(|point| point.series))
                .chain(exemplars.iter().map(|exemplar| exemplar.series)),
        )?;
        if !samples.is_empty() {
            self.rows(&head::samples(self.head), sample_columns(&samples))?;
        }
        if !histograms.is_empty() {
            self.rows(&head::histogram_points(self.head), histogram_columns(&histograms))?;
        }
        if !exemplars.is_empty() {
            let columns = exemplar_columns(&exemplars, self.head)?;
            self.rows("exemplars", columns)?;
        }
        if !logs.is_empty() {
            let columns = log_columns(&logs, log_resources, *next_log_id)?;
            *next_log_id = next_log_id.saturating_add(logs.len() as i64);
            self.rows("logs", columns)?;
        }
        if !spans.is_empty() {
            let columns = span_columns(&spans, span_resources)?;
            self.rows("spans", columns)?;
        }
        self.append_resources()?;
        Ok(dropped)
    }

    /// Returns the id of a resource, and records it if it is new. Shared resources are hashed once.
    fn resource(&mut self, resource: &Arc<Resource>, source: &str) -> u64 {
        let address = Arc::as_ptr(resource).addr();
        if let Some(id) = self.new.resource_ids.get(&address) {
            return *id;
        }
        let id = resource.id();
        let id = if self.has_resource(id) { id } else { self.add_resource(id, resource, source) };
        self.new.resource_ids.insert(address, id);
        id
    }

    fn has_resource(&self, id: u64) -> bool {
        self.new.resources.contains_key(&id) || self.catalog.written_resource(id).is_some()
    }

    fn knows_resource(&self, resource: &Arc<Resource>) -> bool {
        self.new.resource_ids.contains_key(&Arc::as_ptr(resource).addr()) || self.has_resource(resource.id())
    }

    /// Records a new resource, with values cut to the limit. Beyond the limits of resources it is
    /// reduced to its service, and beyond twice that to none. Returns the id.
    fn add_resource(&mut self, id: u64, resource: &Arc<Resource>, source: &str) -> u64 {
        let mut limiter = self.limiter.lock();
        let cut = cut(&resource.attributes, limiter.label_set_bytes());
        let (stored, values) = match cut {
            Some((attributes, values)) => (Cow::Owned(Resource { attributes }), values),
            None => (Cow::Borrowed(&**resource), 0),
        };
        let Err(rejection) = limiter.admit_resource(&stored, source) else {
            if values > 0 {
                limiter.count_cut(values, resource, source);
            }
            drop(limiter);
            self.new.resources.insert(id, Arc::new((&*stored).into()));
            return id;
        };
        limiter.count_points(rejection, 1);
        drop(limiter);
        let service = resource.service();
        let named = Resource::service_named(&service[..service.floor_char_boundary(MAX_SERVICE_BYTES)]);
        let is_new = !self.has_resource(named.id());
        let has_space = self.catalog.len().1 < 2 * self.limiter.lock().max_resources();
        let reduced = if is_new && !has_space { Resource::default() } else { named };
        let id = reduced.id();
        if !self.has_resource(id) {
            self.limiter.lock().add_resource(&reduced);
            self.new.resources.insert(id, Arc::new((&reduced).into()));
        }
        id
    }

    /// Returns the id of a resource, and the resource as it is stored.
    fn stored_resource(&mut self, resource: &Arc<Resource>, source: &str) -> (u64, Arc<ResourceEntry>) {
        let id = self.resource(resource, source);
        let stored = self.new.resources.get(&id).cloned().or_else(|| self.catalog.written_resource(id));
        (id, stored.unwrap_or_else(|| Arc::new((&**resource).into())))
    }

    fn append_series(&mut self, incoming: &[Incoming]) -> Result<(), StoreError> {
        let mut fresh = Vec::new();
        let named =
            incoming.iter().flat_map(|(batch, source)| batch.series.iter().zip(std::iter::repeat(source)));
        for ((id, series), source) in named {
            if self.new.series.contains_key(&id.0)
                || self.catalog.writes_series(id.0)
                || self.rejected.contains_key(&id.0)
            {
                continue;
            }
            let mut limiter = self.limiter.lock();
            let (attributes, values) = match cut(&series.attributes, limiter.label_set_bytes()) {
                Some((attributes, values)) => (Cow::Owned(attributes), values),
                None => (Cow::Borrowed(&series.attributes), 0),
            };
            let is_new_resource = !self.knows_resource(&series.resource);
            if let Err(rejected) = limiter.admit(series, &attributes, is_new_resource, source) {
                self.rejected.insert(id.0, rejected);
                continue;
            }
            if values > 0 {
                limiter.count_cut(values, &series.resource, source);
            }
            drop(limiter);
            let (resource_id, resource) = self.stored_resource(&series.resource, source);
            let entry = SeriesEntry::new(id.0, series, &attributes, resource)?;
            self.new.series.insert(id.0, (entry, resource_id));
            fresh.push((id.0, series, resource_id, attributes));
        }
        if fresh.is_empty() {
            return Ok(());
        }
        let columns = vec![
            ("id", unsigned(fresh.iter().map(|(id, ..)| Some(*id)))),
            ("name", text(fresh.iter().map(|(_, series, ..)| series.name.as_str()))),
            ("kind", tiny(fresh.iter().map(|(_, series, ..)| series.kind as u8))),
            ("unit", text(fresh.iter().map(|(_, series, ..)| series.unit.as_str()))),
            ("description", text(fresh.iter().map(|(_, series, ..)| series.description.as_str()))),
            ("temporality", tiny(fresh.iter().map(|(_, series, ..)| series.temporality as u8))),
            ("monotonic", boolean(fresh.iter().map(|(_, series, ..)| series.monotonic))),
            ("service", text(fresh.iter().map(|(_, series, ..)| series.resource.service()))),
            ("resource_id", unsigned(fresh.iter().map(|(_, _, resource, _)| Some(*resource)))),
            ("scope_name", text(fresh.iter().map(|(_, series, ..)| series.scope.name.as_str()))),
            ("scope_version", text(fresh.iter().map(|(_, series, ..)| series.scope.version.as_str()))),
            ("attributes", json(fresh.iter().map(|(.., attributes)| &**attributes))),
        ];
        self.rows("series", columns)
    }

    /// Returns the ids of the resources of all log records and of all spans.
    fn record_resources(&mut self, incoming: &[Incoming]) -> (Vec<u64>, Vec<u64>) {
        let (mut logs, mut spans) = (Vec::new(), Vec::new());
        for (batch, source) in incoming {
            logs.extend(batch.logs.iter().map(|log| self.resource(&log.resource, source)));
            spans.extend(batch.spans.iter().map(|span| self.resource(&span.resource, source)));
        }
        (logs, spans)
    }

    /// Counts the points of rejected series, by batch.
    fn count_rejected(&self, incoming: &[Incoming]) -> Vec<DroppedPoints> {
        if self.rejected.is_empty() {
            return Vec::new();
        }
        let mut limiter = self.limiter.lock();
        incoming
            .iter()
            .map(|(batch, _)| {
                let mut points: HashMap<Rejection, u64> = HashMap::new();
                let samples = batch.samples.iter().map(|sample| sample.series);
                let histograms = batch.histograms.iter().map(|point| point.series);
                for rejected in samples.chain(histograms).filter_map(|series| self.rejected.get(&series.0)) {
                    *points.entry(*rejected).or_default() += 1;
                }
                for (rejected, count) in &points {
                    limiter.count_points(*rejected, *count);
                }
                DroppedPoints {
                    points: points.values().sum(),
                    reasons: points.keys().filter_map(|rejected| limiter.reason(*rejected)).collect(),
                }
            })
            .collect()
    }

    fn append_resources(&self) -> Result<(), StoreError> {
        if self.new.resources.is_empty() {
            return Ok(());
        }
        let unpacked = |(id, resource): (&u64, &Arc<ResourceEntry>)| Ok((*id, resource.unpack()?));
        let fresh: Vec<(u64, Resource)> =
            self.new.resources.iter().map(unpacked).collect::<Result<_, StoreError>>()?;
        self.rows(
            "resources",
            vec![
                ("id", unsigned(fresh.iter().map(|(id, _)| Some(*id)))),
                ("service", text(fresh.iter().map(|(_, resource)| resource.service()))),
                ("demonstration", boolean(fresh.iter().map(|(_, resource)| resource.is_demonstration()))),
                ("attributes", json(fresh.iter().map(|(_, resource)| &resource.attributes))),
            ],
        )
    }

    fn reject_unknown_series(&self, ids: impl Iterator<Item = SeriesId>) -> Result<(), StoreError> {
        let ids = ids.map(|id| id.0).filter(|id| !self.new.series.contains_key(id));
        match self.catalog.first_unknown(ids) {
            Some(id) => Err(StoreError::InvalidRequest(format!(
                "a point refers to series {id}, which is neither in the batch nor in the store"
            ))),
            None => Ok(()),
        }
    }

    fn rows(&self, table: &str, columns: Columns) -> Result<(), StoreError> {
        append_rows(self.connection, table, columns)
    }
}
