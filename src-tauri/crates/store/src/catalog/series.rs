//! A series as the catalog holds it.

use std::sync::Arc;

use model::{Labels, MetricKind, Resource, Scope, Series, Temporality, attribute_of_label, prometheus};

use super::{
    packed_attributes::PackedAttributes,
    renamed_series::{former_name, former_series},
};

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
    pub(crate) attributes: PackedAttributes,
    pub(crate) resource: Arc<Resource>,
    pub(crate) scope: Arc<Scope>,
    /// The id of its earlier data, if there may be any, once it is in the catalog.
    pub(crate) earlier: Option<u64>,
}

impl SeriesEntry {
    pub(crate) fn new(id: u64, series: &Series) -> Self {
        Self {
            id,
            name: series.name.as_str().into(),
            kind: series.kind,
            unit: series.unit.as_str().into(),
            description: series.description.as_str().into(),
            temporality: series.temporality,
            monotonic: series.monotonic,
            attributes: (&series.attributes).into(),
            resource: Arc::clone(&series.resource),
            scope: Arc::clone(&series.scope),
            earlier: None,
        }
    }

    /// Returns the attributes of resource and points as text. Those of the points win.
    pub(crate) fn labels(&self) -> Labels {
        let of_resource = self.resource.attributes.0.iter();
        let of_resource = of_resource.map(|(key, value)| (key.clone(), value.to_string()));
        let of_points = self.attributes.iter();
        of_resource.chain(of_points.map(|(key, value)| (key.to_owned(), value.text().into_owned()))).collect()
    }

    /// Returns the labels that any of these keys stands for, as text.
    pub(crate) fn labels_of(&self, keys: &[String]) -> Labels {
        let mut labels = Labels::new();
        for key in keys {
            for name in [attribute_of_label(key), key] {
                let of_points = self.attributes.get(name).map(|value| value.text().into_owned());
                let of_resource = || self.resource.attributes.0.get(name).map(ToString::to_string);
                if let Some(value) = of_points.or_else(of_resource) {
                    labels.insert(name.to_owned(), value);
                }
            }
        }
        labels
    }

    /// Computes the id of its earlier data, if there may be any: from before its type was declared
    /// ([`prometheus::undeclared_id`]), or from before the metric was renamed.
    pub(crate) fn earlier_id(&self) -> Option<u64> {
        let is_renamed = former_name(&self.name).is_some();
        // Most series have the type that their name implies. They cost only this check.
        let has_implied_type = prometheus::is_as_named(&self.name, self.kind, &self.unit)
            || !prometheus::names_a_job(&self.resource);
        if has_implied_type && !is_renamed {
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
            scope: Arc::clone(&self.scope),
            attributes: self.attributes.unpack(),
        };
        // The earlier data themselves have an id that does not follow from name and type.
        if series.id().0 != self.id {
            return None;
        }
        match former_series(&series) {
            Some(former) => Some(former.id().0),
            None => prometheus::undeclared_id(&series).map(|undeclared| undeclared.0),
        }
    }

    /// Returns whether it may be a counter that Prometheus wrote without a type.
    pub(crate) fn may_be_untyped(&self) -> bool {
        self.kind == MetricKind::Gauge
            && self.scope.name.is_empty()
            && self.scope.version.is_empty()
            && prometheus::names_a_job(&self.resource)
    }

    /// Returns the service that sends it.
    pub(crate) fn service(&self) -> &str {
        self.resource.service()
    }
}
