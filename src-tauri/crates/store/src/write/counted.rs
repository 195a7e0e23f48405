//! The accepted series and resources, with the bytes that they take.

use super::{
    accepted_labels::{AcceptedLabels, KeptBytes, PER_LABEL},
    accepted_series::{AcceptedSeries, packed_labels},
};
use crate::catalog::{packed_attributes::PackedAttributes, resource::ResourceEntry, series::SeriesEntry};

/// The accepted series and resources.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    pub(super) accepted: AcceptedSeries,
    pub(super) labels: AcceptedLabels,
}

impl Counted {
    /// Counts a resource.
    pub(crate) fn resource(&mut self, resource: &ResourceEntry, attributes: &PackedAttributes) {
        self.labels.add_resource(resource_bytes(attributes.bytes().len(), resource.service()));
    }

    /// Counts a series with its attributes and those of its resource.
    pub(crate) fn series(
        &mut self,
        series: &SeriesEntry,
        of_resource: &PackedAttributes,
        attributes: &PackedAttributes,
    ) {
        let scope = &series.scope;
        let texts = [&*series.unit, &*series.description, &scope.name, &scope.version];
        let labels = packed_labels(of_resource, attributes);
        self.add(series.service(), &series.name, &texts, &labels, attributes.bytes().len(), false);
    }

    /// Returns what a series would add.
    pub(super) fn added(
        &self,
        service: &str,
        name: &str,
        texts: &[&str],
        labels: &[(&str, u64)],
        packed: usize,
    ) -> KeptBytes {
        let names = self.labels.new_texts(name, texts) + self.accepted.new_names(service, labels);
        KeptBytes { labels: packed as u64, names }
    }

    /// Counts a series. `revocable` is set if its group is not committed yet.
    pub(super) fn add(
        &mut self,
        service: &str,
        name: &str,
        texts: &[&str],
        labels: &[(&str, u64)],
        packed: usize,
        revocable: bool,
    ) {
        let names = self.accepted.count(service, labels, revocable);
        self.labels.add(KeptBytes { labels: packed as u64, names });
        self.labels.add_texts(name, texts);
    }
}

/// Returns the bytes of a resource whose attributes have a length.
pub(super) fn resource_bytes(packed: usize, service: &str) -> KeptBytes {
    KeptBytes { labels: packed as u64, names: service.len() as u64 + PER_LABEL }
}
