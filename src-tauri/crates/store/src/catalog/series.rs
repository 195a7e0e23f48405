//! A series as the catalog holds it.

use std::sync::Arc;

use model::{Attributes, Labels, MetricKind, Scope, Series, Temporality, attribute_of_label, prometheus};

use super::{
    label_set::{LabelSet, LastUse},
    renamed_series::{former_name, former_series},
    resource::ResourceEntry,
};
use crate::StoreError;

/// A series with its id.
#[derive(Debug, Clone)]
pub(crate) struct SeriesEntry {
    pub(crate) id: u64,
    pub(crate) name: Arc<str>,
    pub(crate) kind: MetricKind,
    pub(crate) unit: Arc<str>,
    pub(crate) description: Arc<str>,
    pub(crate) temporality: Temporality,
    pub(crate) monotonic: bool,
    /// Whether it has the label with the upper bound of a bucket.
    pub(crate) has_bound: bool,
    pub(crate) attributes: LabelSet,
    pub(crate) resource: Arc<ResourceEntry>,
    pub(crate) scope: Arc<Scope>,
    /// The id of its earlier data, if there may be any, once it is in the catalog.
    pub(crate) earlier: Option<u64>,
    pub(super) last_use: LastUse,
}

impl SeriesEntry {
    /// Makes an entry of a series, with its attributes and its resource as they are stored.
    pub(crate) fn new(
        id: u64,
        series: &Series,
        attributes: &Attributes,
        resource: Arc<ResourceEntry>,
    ) -> Result<Self, StoreError> {
        let entry = Self {
            id,
            name: series.name.as_str().into(),
            kind: series.kind,
            unit: series.unit.as_str().into(),
            description: series.description.as_str().into(),
            temporality: series.temporality,
            monotonic: series.monotonic,
            has_bound: attributes.0.contains_key(BOUND),
            attributes: LabelSet::Memory(attributes.into()),
            resource,
            scope: Arc::clone(&series.scope),
            earlier: None,
            last_use: LastUse::default(),
        };
        entry.with_earlier()
    }

    /// Makes an entry of a series that is stored as it is.
    #[cfg(test)]
    pub(crate) fn of(series: &Series) -> Self {
        Self::with_id(series.id().0, series)
    }

    /// Makes an entry of a series with another id.
    #[cfg(test)]
    pub(crate) fn with_id(id: u64, series: &Series) -> Self {
        let resource = Arc::new((&*series.resource).into());
        Self::new(id, series, &series.attributes, resource).unwrap()
    }

    /// Sets the id of its earlier data.
    pub(super) fn with_earlier(self) -> Result<Self, StoreError> {
        Ok(Self { earlier: self.earlier_id()?, ..self })
    }

    /// Returns the attributes of resource and points as text. Those of the points win.
    pub(crate) fn labels(&self) -> Result<Labels, StoreError> {
        let (of_resource, of_points) = (self.resource.attributes.read()?, self.attributes.read()?);
        let labels = of_resource.iter().chain(of_points.iter());
        Ok(labels.map(|(key, value)| (key.to_owned(), value.text().into_owned())).collect())
    }

    /// Returns the labels that any of these keys stands for, as text.
    pub(crate) fn labels_of(&self, keys: &[String]) -> Result<Labels, StoreError> {
        let mut labels = Labels::new();
        if keys.is_empty() {
            return Ok(labels);
        }
        let (of_resource, of_points) = (self.resource.attributes.read()?, self.attributes.read()?);
        for key in keys {
            for name in [attribute_of_label(key), key] {
                if let Some(value) = of_points.get(name).or_else(|| of_resource.get(name)) {
                    labels.insert(name.to_owned(), value.text().into_owned());
                }
            }
        }
        Ok(labels)
    }

    /// Computes the id of its earlier data, if there may be any: from before its type was declared
    /// ([`prometheus::undeclared_id`]), or from before the metric was renamed.
    fn earlier_id(&self) -> Result<Option<u64>, StoreError> {
        let is_renamed = former_name(&self.name).is_some();
        // Most series have the type that their name implies. They cost only this check.
        let has_implied_type =
            prometheus::is_as_named(&self.name, self.kind, &self.unit) || !self.resource.names_a_job;
        if has_implied_type && !is_renamed {
            return Ok(None);
        }
        let series = Series {
            name: self.name.to_string(),
            kind: self.kind,
            unit: self.unit.to_string(),
            description: String::new(),
            temporality: self.temporality,
            monotonic: self.monotonic,
            resource: Arc::new(self.resource.unpack()?),
            scope: Arc::clone(&self.scope),
            attributes: self.attributes.read()?.unpack(),
        };
        // The earlier data themselves have an id that does not follow from name and type.
        if series.id().0 != self.id {
            return Ok(None);
        }
        Ok(match former_series(&series) {
            Some(former) => Some(former.id().0),
            None => prometheus::undeclared_id(&series).map(|undeclared| undeclared.0),
        })
    }

    /// Returns whether it may be a counter that Prometheus wrote without a type.
    pub(crate) fn may_be_untyped(&self) -> bool {
        self.kind == MetricKind::Gauge
            && self.scope.name.is_empty()
            && self.scope.version.is_empty()
            && self.resource.names_a_job
    }

    /// Returns the service that sends it.
    pub(crate) fn service(&self) -> &str {
        self.resource.service()
    }
}

/// The label with the upper bound of a bucket of a classic histogram.
pub(crate) const BOUND: &str = "le";
