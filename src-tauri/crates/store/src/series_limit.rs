//! How many series a service may bring: labels that explode are held back where a series first appears.

use std::collections::{HashMap, HashSet};

use model::{Attributes, Resource};
use xxhash_rust::xxh3::xxh3_64;

use crate::distinct::DistinctCount;

/// The attribute that names the service, which is what the limits are counted by.
const SERVICE: &str = "service.name";
/// Labels that are told of at the same time; whatever else is refused counts for the last one.
const MOST_TOLD: usize = 200;
/// Longer service and label names are told shortened, in characters.
const LONGEST_NAME: usize = 200;

/// How many series may be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeriesLimits {
    /// Of all services together.
    pub total: u64,
    /// Of one service.
    pub per_service: u64,
    /// Values that one label may have within one service.
    pub values_per_label: u64,
}

impl Default for SeriesLimits {
    /// Two million, 300,000 and 50,000: far beyond what one machine and what it watches usually bring.
    fn default() -> Self {
        Self { total: 2_000_000, per_service: 300_000, values_per_label: 50_000 }
    }
}

/// Which of the limits was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SeriesLimit {
    /// [`SeriesLimits::total`].
    Total,
    /// [`SeriesLimits::per_service`].
    PerService,
    /// [`SeriesLimits::values_per_label`].
    ValuesPerLabel,
}

/// What is held back of one service because of one label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldBack {
    /// The service whose series they are.
    pub service: String,
    /// The way in that they came through last, such as `otlp_grpc` or `scrape node`; empty if not told.
    pub way: String,
    /// The label with too many values; for the other limits the label with the most.
    pub label: String,
    /// The limit that was met.
    pub limit: SeriesLimit,
    /// How many the limit allows.
    pub allowed: u64,
    /// About how many values of the label were seen, those kept included (within some 3 %).
    pub values: u64,
    /// Points that were not kept, since the store was opened.
    pub points: u64,
}

impl std::fmt::Display for HeldBack {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { service, label, allowed, values, .. } = self;
        match self.limit {
            SeriesLimit::ValuesPerLabel => write!(
                formatter,
                "label {label:?} of service {service:?} has about {values} values, at most {allowed} are kept"
            ),
            SeriesLimit::PerService => write!(
                formatter,
                "service {service:?} has {allowed} series, the most that are kept; its label {label:?} has \
                 about {values} values"
            ),
            SeriesLimit::Total => write!(
                formatter,
                "{allowed} series are kept, the most there may be; label {label:?} of service {service:?} \
                 has about {values} values"
            ),
        }
    }
}

/// What is kept of one service.
#[derive(Debug, Default)]
struct Kept {
    series: u64,
    /// Hashes of the values of each label.
    values: HashMap<String, HashSet<u64>>,
}

impl Kept {
    fn widest_label(&self) -> (String, u64) {
        let widest = self.values.iter().max_by_key(|(_, values)| values.len());
        widest.map_or_else(Default::default, |(label, values)| (label.clone(), values.len() as u64))
    }
}

/// What a group added, to be taken back if the group fails.
#[derive(Debug)]
enum Added {
    Series(String),
    Value(String, String, u64),
}

/// Decides which new series are kept. Series that are kept already are not asked about.
#[derive(Debug, Default)]
pub(crate) struct SeriesLimiter {
    limits: SeriesLimits,
    total: u64,
    services: HashMap<String, Kept>,
    added: Vec<Added>,
    held_back: Vec<(HeldBack, DistinctCount)>,
}

/// Which entry of what is held back a refused series counts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Refused(usize);

impl SeriesLimiter {
    /// Limits that hold from now on; what is kept already stays.
    pub(crate) fn set_limits(&mut self, limits: SeriesLimits) {
        self.limits = limits;
    }

    /// Counts anew what is kept, for when series went away. What was held back stays told.
    pub(crate) fn recount<'series>(
        &mut self,
        kept: impl IntoIterator<Item = (&'series Resource, &'series Attributes)>,
    ) {
        self.total = 0;
        self.services.clear();
        self.added.clear();
        for (resource, attributes) in kept {
            self.keep(resource, attributes, false);
        }
    }

    /// Whether a new series is kept; it counts from now on.
    pub(crate) fn admit(
        &mut self,
        resource: &Resource,
        attributes: &Attributes,
        way: &str,
    ) -> Result<(), Refused> {
        if let Some((limit, label)) = self.limit_met(resource, attributes) {
            return Err(self.refuse(limit, label, resource, attributes, way));
        }
        self.keep(resource, attributes, true);
        Ok(())
    }

    /// The points of a refused series that were not kept.
    pub(crate) fn count_points(&mut self, refused: Refused, points: u64) {
        if let Some((held_back, _)) = self.held_back.get_mut(refused.0) {
            held_back.points = held_back.points.saturating_add(points);
        }
    }

    /// What was held back so far.
    pub(crate) fn held_back(&self) -> Vec<HeldBack> {
        (0..self.held_back.len()).filter_map(|place| self.reason(Refused(place))).collect()
    }

    /// One entry of what was held back.
    pub(crate) fn reason(&self, refused: Refused) -> Option<HeldBack> {
        let (held_back, values) = self.held_back.get(refused.0)?;
        let kept = match held_back.label.as_str() {
            SERVICE => self.services.len(),
            label => self.values(&held_back.service, label).map_or(0, HashSet::len),
        };
        Some(HeldBack { values: kept as u64 + values.estimate(), ..held_back.clone() })
    }

    /// The group with the series admitted since the last call is committed.
    pub(crate) fn settle(&mut self) {
        self.added.clear();
    }

    /// The group with the series admitted since [`Self::settle`] failed: they are not kept.
    pub(crate) fn take_back(&mut self) {
        for added in std::mem::take(&mut self.added) {
            match added {
                Added::Series(service) => {
                    self.total = self.total.saturating_sub(1);
                    if let Some(kept) = self.services.get_mut(&service) {
                        kept.series = kept.series.saturating_sub(1);
                    }
                }
                Added::Value(service, label, value) => {
                    if let Some(kept) = self.services.get_mut(&service)
                        && let Some(values) = kept.values.get_mut(&label)
                    {
                        values.remove(&value);
                    }
                }
            }
        }
    }

    fn limit_met(&self, resource: &Resource, attributes: &Attributes) -> Option<(SeriesLimit, String)> {
        let kept = self.services.get(resource.service());
        if let Some(kept) = kept {
            for (label, value) in labels(resource, attributes) {
                if let Some(values) = kept.values.get(label)
                    && values.len() as u64 >= self.limits.values_per_label
                    && !values.contains(&value)
                {
                    return Some((SeriesLimit::ValuesPerLabel, label.to_owned()));
                }
            }
            if kept.series >= self.limits.per_service {
                return Some((SeriesLimit::PerService, kept.widest_label().0));
            }
        }
        (self.total >= self.limits.total).then(|| {
            let (label, values) = kept.map(Kept::widest_label).unwrap_or_default();
            let label = if values > self.services.len() as u64 { label } else { SERVICE.to_owned() };
            (SeriesLimit::Total, label)
        })
    }

    fn values(&self, service: &str, label: &str) -> Option<&HashSet<u64>> {
        self.services.get(service)?.values.get(label)
    }

    fn keep(&mut self, resource: &Resource, attributes: &Attributes, may_be_taken_back: bool) {
        let service = resource.service();
        self.total += 1;
        if !self.services.contains_key(service) {
            self.services.insert(service.to_owned(), Kept::default());
        }
        let Some(kept) = self.services.get_mut(service) else { return };
        kept.series += 1;
        if may_be_taken_back {
            self.added.push(Added::Series(service.to_owned()));
        }
        for (label, value) in labels(resource, attributes) {
            let values = match kept.values.get_mut(label) {
                Some(values) => values,
                None => kept.values.entry(label.to_owned()).or_default(),
            };
            if values.insert(value) && may_be_taken_back {
                self.added.push(Added::Value(service.to_owned(), label.to_owned(), value));
            }
        }
    }

    fn refuse(
        &mut self,
        limit: SeriesLimit,
        label: String,
        resource: &Resource,
        attributes: &Attributes,
        way: &str,
    ) -> Refused {
        let service = resource.service();
        let value = labels(resource, attributes)
            .find(|(name, _)| *name == label)
            .map_or_else(|| xxh3_64(service.as_bytes()), |(_, value)| value);
        // A value that is kept is not one more, as with a service that has too many series.
        let is_kept = match label.as_str() {
            SERVICE => self.services.contains_key(service),
            label => self.values(service, label).is_some_and(|values| values.contains(&value)),
        };
        let (service, label) = (shortened(service), shortened(&label));
        let is_told = |told: &HeldBack| {
            let same_service = told.service == service || limit == SeriesLimit::Total;
            told.limit == limit && told.label == label && same_service
        };
        let place = match self.held_back.iter().position(|(told, _)| is_told(told)) {
            Some(place) => place,
            None if self.held_back.len() >= MOST_TOLD => self.held_back.len() - 1,
            None => {
                let allowed = match limit {
                    SeriesLimit::Total => self.limits.total,
                    SeriesLimit::PerService => self.limits.per_service,
                    SeriesLimit::ValuesPerLabel => self.limits.values_per_label,
                };
                let way = way.to_owned();
                let held_back = HeldBack { service, way, label, limit, allowed, values: 0, points: 0 };
                self.held_back.push((held_back, DistinctCount::default()));
                self.held_back.len() - 1
            }
        };
        if let Some((held_back, values)) = self.held_back.get_mut(place) {
            if held_back.way != way {
                held_back.way = way.to_owned();
            }
            if !is_kept {
                values.add(value);
            }
        }
        Refused(place)
    }
}

/// The labels of a series but for the service's name, each with a hash of its value.
fn labels<'series>(
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

fn shortened(name: &str) -> String {
    name.chars().take(LONGEST_NAME).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(total: u64, per_service: u64, values_per_label: u64) -> SeriesLimiter {
        let mut limiter = SeriesLimiter::default();
        limiter.set_limits(SeriesLimits { total, per_service, values_per_label });
        limiter
    }

    fn admit(limiter: &mut SeriesLimiter, service: &str, label: &str, value: i64) -> bool {
        let attributes = Attributes::new().with("route", "/cart").with(label, value);
        match limiter.admit(&Resource::service_named(service), &attributes, "otlp_grpc") {
            Ok(()) => true,
            Err(refused) => {
                limiter.count_points(refused, 1);
                false
            }
        }
    }

    #[test]
    fn a_label_with_too_many_values_is_named_and_harms_no_other() {
        let mut limiter = limiter(1_000_000, 1_000_000, 100);
        let kept = (0..5_000).filter(|value| admit(&mut limiter, "shop", "user.id", *value)).count();
        assert_eq!(kept, 100);
        assert!(admit(&mut limiter, "shop", "user.id", 50), "another series with a value that is kept");
        assert!(admit(&mut limiter, "shop", "pod", 1), "another label of the service");
        assert!(admit(&mut limiter, "billing", "user.id", 4_000), "another service");
        let held_back = limiter.held_back();
        assert_eq!(held_back.len(), 1, "{held_back:?}");
        let one = &held_back[0];
        assert_eq!((one.service.as_str(), one.label.as_str()), ("shop", "user.id"));
        assert_eq!((one.way.as_str(), one.allowed, one.points), ("otlp_grpc", 100, 4_900));
        assert!((4_700..5_300).contains(&one.values), "about 5,000: {}", one.values);
        assert!(one.to_string().contains("\"user.id\" of service \"shop\""), "{one}");
    }

    #[test]
    fn a_service_with_too_many_series_names_its_widest_label() {
        let mut limiter = limiter(1_000_000, 30, 1_000);
        for value in 0..40 {
            admit(&mut limiter, "shop", "pod", value);
        }
        let held_back = limiter.held_back();
        assert_eq!(held_back[0].limit, SeriesLimit::PerService);
        assert_eq!((held_back[0].label.as_str(), held_back[0].points), ("pod", 10));
        assert_eq!(held_back[0].values, 40);
    }

    #[test]
    fn exploding_service_names_meet_the_limit_of_all_services() {
        let mut limiter = limiter(50, 10, 10);
        let kept = (0..500).filter(|n| admit(&mut limiter, &format!("service-{n}"), "pod", 1)).count();
        assert_eq!(kept, 50);
        let held_back = limiter.held_back();
        assert_eq!(held_back.len(), 1, "told once, however many services");
        assert_eq!((held_back[0].label.as_str(), held_back[0].points), (SERVICE, 450));
        assert!((470..530).contains(&held_back[0].values), "about 500: {}", held_back[0].values);
    }

    #[test]
    fn series_of_a_failed_group_leave_no_trace() {
        let mut limiter = limiter(100, 100, 10);
        for value in 0..10 {
            assert!(admit(&mut limiter, "shop", "user.id", value));
        }
        assert!(!admit(&mut limiter, "shop", "user.id", 10));
        limiter.take_back();
        for value in 20..30 {
            assert!(admit(&mut limiter, "shop", "user.id", value), "{value}");
        }
        limiter.settle();
        limiter.take_back();
        assert!(!admit(&mut limiter, "shop", "user.id", 30), "what is committed stays counted");
    }

    #[test]
    fn series_that_went_away_make_room() {
        let mut limiter = limiter(100, 100, 1);
        assert!(admit(&mut limiter, "shop", "user.id", 1));
        limiter.settle();
        assert!(!admit(&mut limiter, "shop", "user.id", 2));
        limiter.recount([]);
        assert!(admit(&mut limiter, "shop", "user.id", 2));
    }
}
