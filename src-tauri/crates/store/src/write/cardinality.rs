//! Limits on the number of series. A series beyond them is rejected when it first appears.

use std::collections::HashSet;

use model::{Attributes, Resource};
use xxhash_rust::xxh3::xxh3_64;

use super::{
    accepted_series::{AcceptedSeries, SERVICE, ServiceSeries, labels},
    dropped::{CardinalityLimit, CardinalityLimits, DroppedSeries},
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

    /// Counts the accepted series again, after series were deleted. Dropped series are still
    /// reported.
    pub(crate) fn recount<'series>(
        &mut self,
        series: impl IntoIterator<Item = (&'series Resource, &'series Attributes)>,
    ) {
        self.accepted = AcceptedSeries::default();
        for (resource, attributes) in series {
            self.accepted.count(resource, attributes, false);
        }
    }

    /// Accepts and counts a new series, or rejects it.
    pub(crate) fn admit(
        &mut self,
        resource: &Resource,
        attributes: &Attributes,
        source: &str,
    ) -> Result<(), Rejection> {
        if let Some((limit, label)) = self.limit_met(resource, attributes) {
            return Err(self.reject(limit, label, resource, attributes, source));
        }
        self.accepted.count(resource, attributes, true);
        Ok(())
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
    }

    /// Removes the series accepted since [`Self::settle`], whose group failed.
    pub(crate) fn roll_back(&mut self) {
        self.accepted.roll_back();
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
        (self.accepted.total >= self.limits.total).then(|| {
            let (label, values) = accepted.map(ServiceSeries::widest_label).unwrap_or_default();
            let label = if values > self.accepted.services.len() as u64 { label } else { SERVICE.to_owned() };
            (CardinalityLimit::Total, label)
        })
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
            let same_service = known.service == service || limit == CardinalityLimit::Total;
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
mod tests {
    use super::*;

    fn limiter(total: u64, per_service: u64, values_per_label: u64) -> CardinalityLimiter {
        let mut limiter = CardinalityLimiter::default();
        limiter.set_limits(CardinalityLimits { total, per_service, values_per_label });
        limiter
    }

    fn admit(limiter: &mut CardinalityLimiter, service: &str, label: &str, value: i64) -> bool {
        let attributes = Attributes::new().with("route", "/cart").with(label, value);
        match limiter.admit(&Resource::service_named(service), &attributes, "otlp_grpc") {
            Ok(()) => true,
            Err(rejection) => {
                limiter.count_points(rejection, 1);
                false
            }
        }
    }

    #[test]
    fn a_label_with_too_many_values_is_named_and_harms_no_other() {
        let mut limiter = limiter(1_000_000, 1_000_000, 100);
        let accepted = (0..5_000).filter(|value| admit(&mut limiter, "shop", "user.id", *value)).count();
        assert_eq!(accepted, 100);
        assert!(admit(&mut limiter, "shop", "user.id", 50), "another series with an accepted value");
        assert!(admit(&mut limiter, "shop", "pod", 1), "another label of the service");
        assert!(admit(&mut limiter, "billing", "user.id", 4_000), "another service");
        let dropped = limiter.dropped();
        assert_eq!(dropped.len(), 1, "{dropped:?}");
        let one = &dropped[0];
        assert_eq!((one.service.as_str(), one.label.as_str()), ("shop", "user.id"));
        assert_eq!((one.source.as_str(), one.allowed, one.points), ("otlp_grpc", 100, 4_900));
        assert!((4_700..5_300).contains(&one.values), "about 5,000: {}", one.values);
        assert!(one.to_string().contains("\"user.id\" of service \"shop\""), "{one}");
    }

    #[test]
    fn a_service_with_too_many_series_names_its_widest_label() {
        let mut limiter = limiter(1_000_000, 30, 1_000);
        for value in 0..40 {
            admit(&mut limiter, "shop", "pod", value);
        }
        let dropped = limiter.dropped();
        assert_eq!(dropped[0].limit, CardinalityLimit::PerService);
        assert_eq!((dropped[0].label.as_str(), dropped[0].points), ("pod", 10));
        assert_eq!(dropped[0].values, 40);
    }

    #[test]
    fn exploding_service_names_meet_the_limit_of_all_services() {
        let mut limiter = limiter(50, 10, 10);
        let accepted = (0..500).filter(|n| admit(&mut limiter, &format!("service-{n}"), "pod", 1)).count();
        assert_eq!(accepted, 50);
        let dropped = limiter.dropped();
        assert_eq!(dropped.len(), 1, "reported once, however many services");
        assert_eq!((dropped[0].label.as_str(), dropped[0].points), (SERVICE, 450));
        assert!((470..530).contains(&dropped[0].values), "about 500: {}", dropped[0].values);
    }

    #[test]
    fn series_of_a_failed_group_are_not_counted() {
        let mut limiter = limiter(100, 100, 10);
        for value in 0..10 {
            assert!(admit(&mut limiter, "shop", "user.id", value));
        }
        assert!(!admit(&mut limiter, "shop", "user.id", 10));
        limiter.roll_back();
        for value in 20..30 {
            assert!(admit(&mut limiter, "shop", "user.id", value), "{value}");
        }
        limiter.settle();
        limiter.roll_back();
        assert!(!admit(&mut limiter, "shop", "user.id", 30), "committed series are still counted");
    }

    #[test]
    fn deleted_series_make_space() {
        let mut limiter = limiter(100, 100, 1);
        assert!(admit(&mut limiter, "shop", "user.id", 1));
        limiter.settle();
        assert!(!admit(&mut limiter, "shop", "user.id", 2));
        limiter.recount([]);
        assert!(admit(&mut limiter, "shop", "user.id", 2));
    }
}
