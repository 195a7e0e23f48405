//! Limits on the number of series. A series beyond them is rejected when it first appears.

use std::collections::HashSet;

use model::{Attributes, Resource, Series};
use xxhash_rust::xxh3::xxh3_64;

use super::{
    accepted_labels::KeptBytes,
    accepted_series::{SERVICE, ServiceSeries, labels},
    counted::{Counted, resource_bytes},
    dropped::{CardinalityLimit, CardinalityLimits, DroppedSeries},
};
use crate::catalog::{distinct::DistinctCount, packed_attributes::PackedAttributes};

/// Labels reported at a time. Further rejections count for the last one.
const MAX_REPORTED: usize = 200;
/// Reported service and label names are truncated to this length in characters.
const MAX_NAME_LENGTH: usize = 200;

/// Decides which new series are accepted. It is not consulted for known series.
#[derive(Debug, Default)]
pub(crate) struct CardinalityLimiter {
    limits: CardinalityLimits,
    counted: Counted,
    dropped: Vec<(DroppedSeries, DistinctCount)>,
}

/// The entry of dropped series that a rejected series counts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Rejection(usize);

impl CardinalityLimiter {
    /// Sets the limits. Accepted series are not dropped.
    pub(crate) fn set_limits(&mut self, limits: CardinalityLimits) {
        self.limits = limits;
    }

    /// Returns the maximum number of resources.
    pub(crate) fn max_resources(&self) -> u64 {
        self.limits.resources
    }

    /// Returns the maximum bytes of the labels of one series or resource.
    pub(crate) fn label_set_bytes(&self) -> usize {
        self.limits.label_set_bytes
    }

    /// Takes the accepted series and resources as they were counted again, after some were deleted.
    /// Dropped series are still reported.
    pub(crate) fn recount(&mut self, counted: Counted) {
        self.counted = counted;
        self.counted.labels.settle();
    }

    /// Accepts and counts a new series with attributes that are within the limit of one set, or
    /// rejects it. Its resource is counted apart.
    pub(crate) fn admit(
        &mut self,
        series: &Series,
        attributes: &Attributes,
        is_new_resource: bool,
        source: &str,
    ) -> Result<(), Rejection> {
        let resource = &series.resource;
        if is_new_resource && let Some(rejection) = self.resource_limit_met(resource, source) {
            return Err(rejection);
        }
        let (labels, packed) = (labels(resource, attributes), PackedAttributes::length_of(attributes));
        let scope = &series.scope;
        let texts = [series.unit.as_str(), &series.description, &scope.name, &scope.version];
        let added = self.counted.added(resource.service(), &series.name, &texts, &labels, packed);
        if let Some((limit, label)) = self.limit_met(resource, &labels, added) {
            return Err(self.reject(limit, label, resource, attributes, source));
        }
        self.counted.add(resource.service(), &series.name, &texts, &labels, packed, true);
        Ok(())
    }

    /// Accepts and counts a new resource that is within the limit of one set, or rejects it.
    pub(crate) fn admit_resource(&mut self, resource: &Resource, source: &str) -> Result<(), Rejection> {
        match self.resource_limit_met(resource, source) {
            Some(rejection) => Err(rejection),
            None => {
                self.add_resource(resource);
                Ok(())
            }
        }
    }

    /// Counts a new resource without regard to the limits.
    pub(crate) fn add_resource(&mut self, resource: &Resource) {
        let packed = PackedAttributes::length_of(&resource.attributes);
        self.counted.labels.add_resource(resource_bytes(packed, resource.service()));
    }

    fn resource_limit_met(&mut self, resource: &Resource, source: &str) -> Option<Rejection> {
        let packed = PackedAttributes::length_of(&resource.attributes).min(self.limits.label_set_bytes);
        let limit = if self.counted.labels.resources() >= self.limits.resources {
            CardinalityLimit::Resources
        } else {
            self.bytes_met(resource_bytes(packed, resource.service()))?
        };
        Some(self.reject(limit, SERVICE.to_owned(), resource, &Attributes::new(), source))
    }

    /// Returns the limit on bytes that an addition exceeds.
    fn bytes_met(&self, added: KeptBytes) -> Option<CardinalityLimit> {
        let kept = self.counted.labels.bytes();
        if kept.names.saturating_add(added.names) > self.limits.name_bytes() {
            Some(CardinalityLimit::NameBytes)
        } else if kept.total().saturating_add(added.total()) > self.limits.label_bytes {
            Some(CardinalityLimit::LabelBytes)
        } else {
            None
        }
    }

    /// Returns what is counted, in words.
    #[cfg(test)]
    pub(crate) fn summary(&self) -> String {
        let Counted { accepted, labels } = &self.counted;
        let services: std::collections::BTreeMap<_, _> =
            accepted.services.iter().map(|(name, one)| (name, (one.series, one.widest_label().1))).collect();
        format!("{} {services:?} {} {:?}", accepted.total, labels.resources(), labels.bytes())
    }

    /// Counts values that were cut because a label set is too large.
    pub(crate) fn count_cut(&mut self, values: u64, resource: &Resource, source: &str) {
        let (limit, nothing) = (CardinalityLimit::LabelSetBytes, Attributes::new());
        let rejection = self.reject(limit, String::new(), resource, &nothing, source);
        self.count_points(rejection, values);
    }

    /// Counts dropped points of a rejected series.
    pub(crate) fn count_points(&mut self, rejection: Rejection, points: u64) {
        if let Some((dropped, _)) = self.dropped.get_mut(rejection.0) {
            dropped.points = dropped.points.saturating_add(points);
        }
    }

    /// Returns all dropped series.
    pub(crate) fn dropped(&self) -> Vec<DroppedSeries> {
        (0..self.dropped.len()).filter_map(|position| self.reason(Rejection(position))).collect()
    }

    /// Returns one entry of the dropped series.
    pub(crate) fn reason(&self, rejection: Rejection) -> Option<DroppedSeries> {
        let (dropped, values) = self.dropped.get(rejection.0)?;
        let accepted = match dropped.label.as_str() {
            SERVICE => self.counted.accepted.services.len(),
            label => self.counted.accepted.values(&dropped.service, label).map_or(0, HashSet::len),
        };
        Some(DroppedSeries { values: accepted as u64 + values.estimate(), ..dropped.clone() })
    }

    /// Records that the group with the series accepted since the last call is committed.
    pub(crate) fn settle(&mut self) {
        self.counted.accepted.settle();
        self.counted.labels.settle();
    }

    /// Removes the series accepted since [`Self::settle`], whose group failed.
    pub(crate) fn roll_back(&mut self) {
        self.counted.accepted.roll_back();
        self.counted.labels.roll_back();
    }

    fn limit_met(
        &self,
        resource: &Resource,
        labels: &[(&str, u64)],
        added: KeptBytes,
    ) -> Option<(CardinalityLimit, String)> {
        let accepted = self.counted.accepted.services.get(resource.service());
        if let Some(accepted) = accepted {
            for (label, value) in labels {
                if let Some(values) = accepted.values(label)
                    && values.len() as u64 >= self.limits.values_per_label
                    && !values.contains(value)
                {
                    return Some((CardinalityLimit::ValuesPerLabel, (*label).to_owned()));
                }
            }
            if accepted.series >= self.limits.per_service {
                return Some((CardinalityLimit::PerService, accepted.widest_label().0));
            }
        }
        let limit = if self.counted.accepted.total >= self.limits.total {
            CardinalityLimit::Total
        } else {
            self.bytes_met(added)?
        };
        let (label, values) = accepted.map(ServiceSeries::widest_label).unwrap_or_default();
        let services = self.counted.accepted.services.len() as u64;
        Some((limit, if values > services { label } else { SERVICE.to_owned() }))
    }

    fn reject(
        &mut self,
        limit: CardinalityLimit,
        label: String,
        resource: &Resource,
        attributes: &Attributes,
        source: &str,
    ) -> Rejection {
        let service = resource.service();
        let value = labels(resource, attributes)
            .into_iter()
            .find(|(name, _)| *name == label)
            .map_or_else(|| xxh3_64(service.as_bytes()), |(_, value)| value);
        // An accepted value is not counted again, as with a service that has too many series.
        let is_accepted = match label.as_str() {
            SERVICE => self.counted.accepted.services.contains_key(service),
            label => {
                self.counted.accepted.values(service, label).is_some_and(|values| values.contains(&value))
            }
        };
        let (service, label) = (truncated(service), truncated(&label));
        let is_same = |known: &DroppedSeries| {
            let is_global = matches!(
                limit,
                CardinalityLimit::Total
                    | CardinalityLimit::LabelBytes
                    | CardinalityLimit::NameBytes
                    | CardinalityLimit::Resources
            );
            let same_service = known.service == service || is_global;
            known.limit == limit && known.label == label && same_service
        };
        let position = match self.dropped.iter().position(|(known, _)| is_same(known)) {
            Some(position) => position,
            None if self.dropped.len() >= MAX_REPORTED => self.dropped.len() - 1,
            None => {
                let allowed = match limit {
                    CardinalityLimit::Total => self.limits.total,
                    CardinalityLimit::PerService => self.limits.per_service,
                    CardinalityLimit::ValuesPerLabel => self.limits.values_per_label,
                    CardinalityLimit::LabelBytes => self.limits.label_bytes,
                    CardinalityLimit::NameBytes => self.limits.name_bytes(),
                    CardinalityLimit::Resources => self.limits.resources,
                    CardinalityLimit::LabelSetBytes => self.limits.label_set_bytes as u64,
                };
                let source = source.to_owned();
                let dropped = DroppedSeries { service, source, label, limit, allowed, values: 0, points: 0 };
                self.dropped.push((dropped, DistinctCount::default()));
                self.dropped.len() - 1
            }
        };
        if let Some((dropped, values)) = self.dropped.get_mut(position) {
            if dropped.source != source {
                dropped.source = source.to_owned();
            }
            if !is_accepted {
                values.add(value);
            }
        }
        Rejection(position)
    }
}

fn truncated(name: &str) -> String {
    name.chars().take(MAX_NAME_LENGTH).collect()
}

#[cfg(test)]
mod tests;
