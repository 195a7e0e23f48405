//! Limits on the number of series. A series beyond them is rejected when it first appears.

use std::collections::HashSet;

use model::{Attributes, Resource};
use xxhash_rust::xxh3::xxh3_64;

use super::{
    accepted_labels::AcceptedLabels,
    accepted_series::{AcceptedSeries, SERVICE, ServiceSeries, labels},
    dropped::{CardinalityLimit, CardinalityLimits, DroppedSeries},
    label_size::label_bytes,
};
use crate::catalog::distinct::DistinctCount;

/// Labels reported at a time. Further rejections count for the last one.
const MAX_REPORTED: usize = 200;
/// Reported service and label names are truncated to this length in characters.
const MAX_NAME_LENGTH: usize = 200;

/// Decides which new series are accepted. It is not consulted for known series.
#[derive(Debug, Default)]
pub(crate) struct CardinalityLimiter {
    limits: CardinalityLimits,
    accepted: AcceptedSeries,
    labels: AcceptedLabels,
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

    /// Counts the accepted series and resources again, after some were deleted. Dropped series are
    /// still reported.
    pub(crate) fn recount<'series>(
        &mut self,
        series: impl IntoIterator<Item = (&'series Resource, Attributes)>,
        resources: impl IntoIterator<Item = &'series Resource>,
    ) {
        (self.accepted, self.labels) = (AcceptedSeries::default(), AcceptedLabels::default());
        for resource in resources {
            self.add_resource(resource);
        }
        for (resource, attributes) in series {
            self.accepted.count(resource, &attributes, false);
            self.labels.add_series(self.bounded_bytes(&attributes));
        }
        self.labels.settle();
    }

    /// Accepts and counts a new series, or rejects it. Its resource is counted apart.
    pub(crate) fn admit(
        &mut self,
        resource: &Resource,
        attributes: &Attributes,
        is_new_resource: bool,
        source: &str,
    ) -> Result<(), Rejection> {
        if is_new_resource && let Some(rejection) = self.resource_limit_met(resource, source) {
            return Err(rejection);
        }
        if let Some((limit, label)) = self.limit_met(resource, attributes) {
            return Err(self.reject(limit, label, resource, attributes, source));
        }
        self.accepted.count(resource, attributes, true);
        self.labels.add_series(self.bounded_bytes(attributes));
        Ok(())
    }

    /// Accepts and counts a new resource, or rejects it.
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
        self.labels.add_resource(self.bounded_bytes(&resource.attributes));
    }

    /// Returns the bytes that labels take once they are stored.
    fn bounded_bytes(&self, attributes: &Attributes) -> u64 {
        label_bytes(attributes).min(self.limits.label_set_bytes) as u64
    }

    fn resource_limit_met(&mut self, resource: &Resource, source: &str) -> Option<Rejection> {
        let limit = if self.labels.resources() >= self.limits.resources {
            CardinalityLimit::Resources
        } else if self.exceeds_label_bytes(&resource.attributes) {
            CardinalityLimit::LabelBytes
        } else {
            return None;
        };
        Some(self.reject(limit, SERVICE.to_owned(), resource, &Attributes::new(), source))
    }

    fn exceeds_label_bytes(&self, attributes: &Attributes) -> bool {
        self.labels.bytes().saturating_add(self.bounded_bytes(attributes)) > self.limits.label_bytes
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
            SERVICE => self.accepted.services.len(),
            label => self.accepted.values(&dropped.service, label).map_or(0, HashSet::len),
        };
        Some(DroppedSeries { values: accepted as u64 + values.estimate(), ..dropped.clone() })
    }

    /// Records that the group with the series accepted since the last call is committed.
    pub(crate) fn settle(&mut self) {
        self.accepted.settle();
        self.labels.settle();
    }

    /// Removes the series accepted since [`Self::settle`], whose group failed.
    pub(crate) fn roll_back(&mut self) {
        self.accepted.roll_back();
        self.labels.roll_back();
    }

    fn limit_met(&self, resource: &Resource, attributes: &Attributes) -> Option<(CardinalityLimit, String)> {
        let accepted = self.accepted.services.get(resource.service());
        if let Some(accepted) = accepted {
            for (label, value) in labels(resource, attributes) {
                if let Some(values) = accepted.values(label)
                    && values.len() as u64 >= self.limits.values_per_label
                    && !values.contains(&value)
                {
                    return Some((CardinalityLimit::ValuesPerLabel, label.to_owned()));
                }
            }
            if accepted.series >= self.limits.per_service {
                return Some((CardinalityLimit::PerService, accepted.widest_label().0));
            }
        }
        let limit = if self.accepted.total >= self.limits.total {
            CardinalityLimit::Total
        } else if self.exceeds_label_bytes(attributes) {
            CardinalityLimit::LabelBytes
        } else {
            return None;
        };
        let (label, values) = accepted.map(ServiceSeries::widest_label).unwrap_or_default();
        let label = if values > self.accepted.services.len() as u64 { label } else { SERVICE.to_owned() };
        Some((limit, label))
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
            .find(|(name, _)| *name == label)
            .map_or_else(|| xxh3_64(service.as_bytes()), |(_, value)| value);
        // An accepted value is not counted again, as with a service that has too many series.
        let is_accepted = match label.as_str() {
            SERVICE => self.accepted.services.contains_key(service),
            label => self.accepted.values(service, label).is_some_and(|values| values.contains(&value)),
        };
        let (service, label) = (truncated(service), truncated(&label));
        let is_same = |known: &DroppedSeries| {
            let is_global = matches!(
                limit,
                CardinalityLimit::Total | CardinalityLimit::LabelBytes | CardinalityLimit::Resources
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
