//! Every known series and resource, in memory: what matchers and labels are answered from.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, PoisonError, RwLock},
};

use duckdb::Connection;
use model::{
    Attributes, IdentityHash, Labels, MetricKind, Resource, Scope, Series, TagMatcher, Temporality,
    prometheus::{self, translated_name},
};

use crate::{StoreError, matcher::Matchers, series_limit::SeriesLimiter};

/// A series as the dictionary keeps it.
#[derive(Debug, Clone)]
pub(crate) struct KnownSeries {
    pub(crate) id: u64,
    pub(crate) name: Arc<str>,
    pub(crate) kind: MetricKind,
    pub(crate) unit: Arc<str>,
    pub(crate) description: Arc<str>,
    pub(crate) temporality: Temporality,
    pub(crate) monotonic: bool,
    pub(crate) attributes: Attributes,
    pub(crate) resource: Arc<Resource>,
    pub(crate) scope: Arc<Scope>,
}

impl KnownSeries {
    pub(crate) fn new(id: u64, series: &Series) -> Self {
        Self {
            id,
            name: series.name.as_str().into(),
            kind: series.kind,
            unit: series.unit.as_str().into(),
            description: series.description.as_str().into(),
            temporality: series.temporality,
            monotonic: series.monotonic,
            attributes: series.attributes.clone(),
            resource: Arc::clone(&series.resource),
            scope: Arc::clone(&series.scope),
        }
    }

    /// Attributes of the resource and of the points as text; the points' own win.
    pub(crate) fn labels(&self) -> Labels {
        self.resource
            .attributes
            .0
            .iter()
            .chain(&self.attributes.0)
            .map(|(key, value)| (key.clone(), value.to_string()))
            .collect()
    }

    /// The number it had before its type was told, if it may have had one ([`prometheus::undeclared_id`]).
    fn untold(&self) -> Option<u64> {
        // Most are as their names say: they shall cost no more than this.
        if prometheus::is_as_named(&self.name, self.kind, &self.unit)
            || !prometheus::names_a_job(&self.resource)
        {
            return None;
        }
        let series = Series {
            name: self.name.to_string(),
            kind: self.kind,
            unit: self.unit.to_string(),
            description: String::new(),
            temporality: self.temporality,
            monotonic: self.monotonic,
            resource: Arc::clone(&self.resource),
            scope: Arc::default(),
            attributes: self.attributes.clone(),
        };
        // One with a scope has another number.
        prometheus::undeclared_id(&series).filter(|_| series.id().0 == self.id).map(|untold| untold.0)
    }

    /// The service that sends it.
    pub(crate) fn service(&self) -> &str {
        self.resource.service()
    }
}

#[derive(Debug, Default)]
struct Entries {
    series: HashMap<u64, Arc<KnownSeries>, IdentityHash>,
    by_name: HashMap<Arc<str>, Vec<Arc<KnownSeries>>>,
    /// Names by what Prometheus would call them, where that differs.
    translated: HashMap<String, Vec<Arc<str>>>,
    resources: HashMap<u64, Arc<Resource>>,
    /// Numbers of series by those they would have had before their type was told.
    told: HashMap<u64, u64, IdentityHash>,
}

impl Entries {
    fn insert_series(&mut self, mut series: KnownSeries) {
        if self.series.contains_key(&series.id) {
            return;
        }
        // One allocation per metric name, not one per series.
        if let Some((name, _)) = self.by_name.get_key_value(&series.name) {
            series.name = Arc::clone(name);
        }
        let before = self.by_name.get(&series.name).and_then(|known| known.last());
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
        if let Some(untold) = series.untold() {
            self.told.insert(untold, series.id);
        }
        let series = Arc::new(series);
        self.by_name.entry(Arc::clone(&series.name)).or_default().push(Arc::clone(&series));
        self.series.insert(series.id, series);
    }
}

impl Entries {
    fn named(&self, metric: &str) -> Vec<Arc<KnownSeries>> {
        if let Some(series) = self.by_name.get(metric) {
            return series.clone();
        }
        let names = self.translated.get(metric).into_iter().flatten();
        names.filter_map(|name| self.by_name.get(name)).flatten().cloned().collect()
    }
}

/// The dictionary, shared by the writer (which adds) and the readers.
#[derive(Debug, Default)]
pub(crate) struct Dictionary(RwLock<Entries>);

impl Dictionary {
    /// Reads everything the database knows.
    pub(crate) fn load(connection: &Connection) -> Result<Self, StoreError> {
        let dictionary = Self::default();
        dictionary.reload(connection)?;
        Ok(dictionary)
    }

    /// Forgets everything and reads it anew, for when entries were deleted.
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
            entries.insert_series(KnownSeries {
                id: row.get(0)?,
                name: row.get::<_, String>(1)?.into(),
                kind: kind(row.get(2)?),
                unit: row.get::<_, String>(3)?.into(),
                description: row.get::<_, String>(4)?.into(),
                temporality: temporality(row.get(5)?),
                monotonic: row.get(6)?,
                attributes: parse_attributes(&row.get::<_, String>(8)?),
                resource,
                scope,
            });
        }
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = entries;
        Ok(())
    }

    fn entries(&self) -> std::sync::RwLockReadGuard<'_, Entries> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Kind and unit of a metric of exactly this name, where they are not what Prometheus would take them for by the
    /// name alone: they were told.
    pub(crate) fn told_of(&self, metric: &str) -> Option<(MetricKind, String)> {
        let told = |series: &&Arc<KnownSeries>| {
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
        let found = entries.by_name.get(metric)?.iter().find(told)?;
        Some((found.kind, found.unit.to_string()))
    }

    /// Adds what a commit brought.
    pub(crate) fn extend(
        &self,
        resources: impl IntoIterator<Item = (u64, Arc<Resource>)>,
        series: impl IntoIterator<Item = KnownSeries>,
    ) {
        let mut entries = self.0.write().unwrap_or_else(PoisonError::into_inner);
        entries.resources.extend(resources);
        for series in series {
            entries.insert_series(series);
        }
    }

    /// The numbers of all series of some services.
    pub(crate) fn series_of(&self, services: &HashSet<String>) -> HashSet<u64> {
        let entries = self.entries();
        let known = entries.series.values().filter(|series| services.contains(series.service()));
        known.map(|series| series.id).collect()
    }

    /// Tells the limiter what is kept.
    pub(crate) fn recount(&self, limiter: &mut SeriesLimiter) {
        let entries = self.entries();
        limiter.recount(entries.series.values().map(|series| (&*series.resource, &series.attributes)));
    }

    pub(crate) fn knows_series(&self, id: u64) -> bool {
        self.entries().series.contains_key(&id)
    }

    /// The first number that stands for no series here.
    pub(crate) fn first_unknown(&self, ids: impl IntoIterator<Item = u64>) -> Option<u64> {
        let entries = self.entries();
        ids.into_iter().find(|id| !entries.series.contains_key(id))
    }

    /// The series with a number.
    pub(crate) fn series(&self, id: u64) -> Option<Arc<KnownSeries>> {
        self.entries().series.get(&id).cloned()
    }

    pub(crate) fn knows_resource(&self, id: u64) -> bool {
        self.entries().resources.contains_key(&id)
    }

    /// The resource's attributes; none if it is unknown.
    pub(crate) fn resource_attributes(&self, id: u64) -> Attributes {
        self.entries().resources.get(&id).map(|resource| resource.attributes.clone()).unwrap_or_default()
    }

    /// The series of the demonstration.
    pub(crate) fn demonstration(&self) -> HashSet<u64> {
        let entries = self.entries();
        let shown = entries.series.values().filter(|series| series.resource.is_demonstration());
        shown.map(|series| series.id).collect()
    }

    /// How many series and resources there are.
    pub(crate) fn len(&self) -> (u64, u64) {
        let entries = self.entries();
        (entries.series.len() as u64, entries.resources.len() as u64)
    }

    /// Whether any resource is the demonstration's.
    pub(crate) fn has_demonstration(&self) -> bool {
        self.entries().resources.values().any(|resource| resource.is_demonstration())
    }

    /// The number under which lies what a series wrote before its type was told, if it did.
    pub(crate) fn untold(&self, series: &KnownSeries) -> Option<u64> {
        series.untold().filter(|untold| self.entries().series.contains_key(untold))
    }

    /// Series of a metric (of all metrics if the name is empty) that meet every matcher. Where no metric has the name,
    /// those are meant that Prometheus would know under it. A series whose type was told later is one with what it
    /// was before ([`Self::untold`]).
    pub(crate) fn select(
        &self,
        metric: &str,
        matchers: &[TagMatcher],
    ) -> Result<Vec<Arc<KnownSeries>>, StoreError> {
        let matchers = Matchers::compile(matchers)?;
        let candidates: Vec<_> = {
            let entries = self.entries();
            let mut found = if metric.is_empty() {
                entries.series.values().cloned().collect()
            } else {
                entries.named(metric)
            };
            if !entries.told.is_empty() {
                let told = |series: &KnownSeries| entries.told.get(&series.id);
                found.retain(|series| told(series).is_none_or(|told| !entries.series.contains_key(told)));
            }
            found
        };
        Ok(candidates.into_iter().filter(|series| matchers.accept(series)).collect())
    }
}

/// Attributes from the text they are stored as. Text that is nested too deep to be read again is kept whole
/// under one name, so that the record stays readable.
pub(crate) fn parse_attributes(text: &str) -> Attributes {
    if text == "{}" {
        return Attributes::new();
    }
    serde_json::from_str(text).unwrap_or_else(|_| Attributes::new().with("attributes", text))
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
