//! The accepted series: their number per service, and the values of their labels.

use std::collections::{HashMap, HashSet};

use model::{Attributes, Resource};
use xxhash_rust::xxh3::xxh3_64;

/// The attribute that names the service, by which series are counted.
pub(super) const SERVICE: &str = "service.name";

/// The accepted series of one service.
#[derive(Debug, Default)]
pub(super) struct ServiceSeries {
    pub(super) series: u64,
    /// Hashes of the values of each label.
    values: HashMap<String, HashSet<u64>>,
}

impl ServiceSeries {
    /// Returns the hashes of the values of a label.
    pub(super) fn values(&self, label: &str) -> Option<&HashSet<u64>> {
        self.values.get(label)
    }

    /// Returns the label with the most values, and their number.
    pub(super) fn widest_label(&self) -> (String, u64) {
        let widest = self.values.iter().max_by_key(|(_, values)| values.len());
        widest.map_or_else(Default::default, |(label, values)| (label.clone(), values.len() as u64))
    }
}

/// An addition of a group, to be rolled back if the group fails.
#[derive(Debug)]
enum Added {
    Series(String),
    Value(String, String, u64),
}

/// The accepted series of all services.
#[derive(Debug, Default)]
pub(super) struct AcceptedSeries {
    pub(super) total: u64,
    pub(super) services: HashMap<String, ServiceSeries>,
    added: Vec<Added>,
}

impl AcceptedSeries {
    /// Returns the hashes of the values of a label of a service.
    pub(super) fn values(&self, service: &str, label: &str) -> Option<&HashSet<u64>> {
        self.services.get(service)?.values(label)
    }

    /// Counts a series. `revocable` is set if its group is not committed yet.
    pub(super) fn count(&mut self, resource: &Resource, attributes: &Attributes, revocable: bool) {
        let service = resource.service();
        self.total += 1;
        if !self.services.contains_key(service) {
            self.services.insert(service.to_owned(), ServiceSeries::default());
        }
        let Some(accepted) = self.services.get_mut(service) else { return };
        accepted.series += 1;
        if revocable {
            self.added.push(Added::Series(service.to_owned()));
        }
        for (label, value) in labels(resource, attributes) {
            let values = match accepted.values.get_mut(label) {
                Some(values) => values,
                None => accepted.values.entry(label.to_owned()).or_default(),
            };
            if values.insert(value) && revocable {
                self.added.push(Added::Value(service.to_owned(), label.to_owned(), value));
            }
        }
    }

    /// Records that the group with the series counted since the last call is committed.
    pub(super) fn settle(&mut self) {
        self.added.clear();
    }

    /// Removes the series counted since [`Self::settle`], whose group failed.
    pub(super) fn roll_back(&mut self) {
        for added in std::mem::take(&mut self.added) {
            match added {
                Added::Series(service) => {
                    self.total = self.total.saturating_sub(1);
                    if let Some(accepted) = self.services.get_mut(&service) {
                        accepted.series = accepted.series.saturating_sub(1);
                    }
                }
                Added::Value(service, label, value) => {
                    if let Some(accepted) = self.services.get_mut(&service)
                        && let Some(values) = accepted.values.get_mut(&label)
                    {
                        values.remove(&value);
                    }
                }
            }
        }
    }
}

/// Returns the labels of a series but for the service's name, each with a hash of its value.
pub(super) fn labels<'series>(
    resource: &'series Resource,
    attributes: &'series Attributes,
) -> impl Iterator<Item = (&'series str, u64)> {
    resource.attributes.0.iter().filter(|(key, _)| *key != SERVICE).chain(&attributes.0).map(
        |(key, value)| {
            let hash = match value {
                model::AttributeValue::String(text) => xxh3_64(text.as_bytes()),
                other => xxh3_64(other.to_string().as_bytes()),
            };
            (key.as_str(), hash)
        },
    )
}
