//! Series in a compact form, which a target's scrapes share.

use std::sync::Arc;

use model::{Attributes, MetricKind, Resource, Series, SeriesId, Temporality};
use xxhash_rust::xxh3::Xxh3;

/// A series in compact form: its attributes are JSON.
#[derive(Debug)]
pub(crate) struct KnownSeries {
    pub(crate) id: SeriesId,
    pub(crate) name: Box<str>,
    pub(crate) kind: MetricKind,
    unit: Box<str>,
    description: Arc<str>,
    attributes: Box<str>,
    /// Its service, unless it is the target's.
    service: Option<Box<str>>,
    temporality: Temporality,
    monotonic: bool,
}

impl KnownSeries {
    /// Returns the compact form of a series of a target with this resource. `description` is that
    /// of the series, shared within its family.
    pub(crate) fn new(series: &Series, description: Arc<str>, target: &Arc<Resource>) -> Self {
        let attributes = series.attributes.to_json();
        Self {
            id: series.id_with(&attributes),
            name: series.name.as_str().into(),
            kind: series.kind,
            unit: series.unit.as_str().into(),
            description,
            attributes: attributes.into(),
            service: (series.resource != *target).then(|| series.resource.service().into()),
            temporality: series.temporality,
            monotonic: series.monotonic,
        }
    }

    /// Returns the series again.
    pub(crate) fn series(&self, target: &Arc<Resource>) -> Series {
        Series {
            name: self.name.to_string(),
            kind: self.kind,
            unit: self.unit.to_string(),
            description: self.description.to_string(),
            temporality: self.temporality,
            monotonic: self.monotonic,
            resource: match &self.service {
                Some(service) => Arc::new(Resource::service_named(service)),
                None => Arc::clone(target),
            },
            scope: Arc::default(),
            attributes: serde_json::from_str(&self.attributes).unwrap_or_else(|_| Attributes::new()),
        }
    }

    /// Returns the series of the sum alone of this histogram or summary.
    pub(crate) fn sum(&self, target: &Arc<Resource>) -> Self {
        let series = Series {
            name: format!("{}_sum", self.name),
            kind: MetricKind::Counter,
            temporality: Temporality::Cumulative,
            monotonic: true,
            ..self.series(target)
        };
        Self::new(&series, Arc::clone(&self.description), target)
    }

    /// Returns the key by which a `_created` sample gives the start time of this series.
    pub(crate) fn created_key(&self) -> u64 {
        let stem = match self.kind {
            MetricKind::Counter => self.name.strip_suffix("_total").unwrap_or(&self.name),
            _ => &self.name,
        };
        let mut hash = Xxh3::new();
        hash.update(stem.as_bytes());
        hash.update(&[0]);
        hash.update(self.attributes.as_bytes());
        hash.digest()
    }

    /// Returns the bytes of its texts, but for the shared description.
    pub(crate) fn text_bytes(&self) -> usize {
        self.name.len() + self.unit.len() + self.attributes.len()
    }
}
