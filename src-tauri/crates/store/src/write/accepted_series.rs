//! The accepted series: their number per service, and the values of their labels.

use std::collections::{HashMap, HashSet};

use model::{AttributeValue, Attributes, Resource};
use xxhash_rust::xxh3::xxh3_64;

use super::accepted_labels::{PER_LABEL, PER_VALUE};
use crate::catalog::packed_attributes::{PackedAttributes, PackedValue};

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

    /// Returns the bytes of names and values that a series would add at most.
    pub(super) fn new_names(&self, service: &str, labels: &[(&str, u64)]) -> u64 {
        let accepted = self.services.get(service);
        let of_service = if accepted.is_none() { service_bytes(service) } else { 0 };
        let of_labels =
            labels.iter().map(|(label, value)| match accepted.and_then(|accepted| accepted.values(label)) {
                Some(values) if values.contains(value) => 0,
                Some(_) => PER_VALUE,
                None => label_bytes(label) + PER_VALUE,
            });
        of_service + of_labels.sum::<u64>()
    }

    /// Counts a series. Returns the bytes of names and values that it added. `revocable` is set if
    /// its group is not committed yet.
    pub(super) fn count(&mut self, service: &str, labels: &[(&str, u64)], revocable: bool) -> u64 {
        let mut bytes = 0;
        self.total += 1;
        if !self.services.contains_key(service) {
            bytes += service_bytes(service);
            self.services.insert(service.to_owned(), ServiceSeries::default());
        }
        let Some(accepted) = self.services.get_mut(service) else { return bytes };
        accepted.series += 1;
        if revocable {
            self.added.push(Added::Series(service.to_owned()));
        }
        for (label, value) in labels {
            let values = match accepted.values.get_mut(*label) {
                Some(values) => values,
                None => {
                    bytes += label_bytes(label);
                    accepted.values.entry((*label).to_owned()).or_default()
                }
            };
            if values.insert(*value) {
                bytes += PER_VALUE;
                if revocable {
                    self.added.push(Added::Value(service.to_owned(), (*label).to_owned(), *value));
                }
            }
        }
        bytes
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

/// Returns the bytes of a service, whose name its resources have, too.
fn service_bytes(service: &str) -> u64 {
    2 * service.len() as u64 + PER_LABEL
}

fn label_bytes(label: &str) -> u64 {
    label.len() as u64 + PER_LABEL
}

/// Returns the labels of a series but for the service's name, each with a hash of its value.
pub(super) fn labels<'series>(
    resource: &'series Resource,
    attributes: &'series Attributes,
) -> Vec<(&'series str, u64)> {
    let of_resource = resource.attributes.0.iter().filter(|(key, _)| *key != SERVICE);
    let hashed = |(key, value): (&'series String, &AttributeValue)| {
        let hash = match value {
            AttributeValue::String(text) => xxh3_64(text.as_bytes()),
            other => xxh3_64(other.to_string().as_bytes()),
        };
        (key.as_str(), hash)
    };
    of_resource.chain(&attributes.0).map(hashed).collect()
}

/// Returns the same as [`labels`].
pub(super) fn packed_labels<'series>(
    resource: &'series PackedAttributes,
    attributes: &'series PackedAttributes,
) -> Vec<(&'series str, u64)> {
    let of_resource = resource.iter().filter(|(key, _)| *key != SERVICE);
    let hashed = |(key, value): (&'series str, PackedValue<'_>)| (key, xxh3_64(value.text().as_bytes()));
    of_resource.chain(attributes.iter()).map(hashed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_labels_count_as_those_that_arrive() {
        let resource = Resource::service_named("shop");
        let resource = Resource { attributes: resource.attributes.with("cores", 4).with("host", "web-1") };
        let attributes = Attributes::new().with("code", 200).with("ratio", 1.0).with("le", "0.5");
        let packed = (PackedAttributes::from(&resource.attributes), PackedAttributes::from(&attributes));
        assert_eq!(labels(&resource, &attributes), packed_labels(&packed.0, &packed.1));
        assert_eq!(labels(&resource, &attributes).len(), 5);
    }
}
