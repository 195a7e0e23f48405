//! Histograms and summaries, put together from the samples that tell their parts.

use std::collections::HashMap;

use model::{Buckets, HistogramPoint, SeriesId, Timestamp, prometheus::FamilyKind};

use super::{
    assembly::{Labelled, PartsKey},
    exposed::ExposedExemplar,
};

/// Which part of a histogram or summary a sample tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Bucket,
    Quantile,
    Sum,
    Count,
    /// Since when a counter, histogram or summary counts.
    Created,
}

impl Part {
    /// What the names of such samples end in.
    pub(super) fn suffix(self) -> &'static str {
        match self {
            Self::Bucket => "_bucket",
            Self::Quantile => "",
            Self::Sum => "_sum",
            Self::Count => "_count",
            Self::Created => "_created",
        }
    }

    /// What such a sample is where it does not belong to a histogram or summary (any more).
    pub(super) fn kind_alone(self) -> FamilyKind {
        match self {
            Self::Bucket | Self::Sum | Self::Count => FamilyKind::Counter,
            Self::Quantile | Self::Created => FamilyKind::Gauge,
        }
    }

    fn bound_label(self) -> Option<&'static str> {
        match self {
            Self::Bucket => Some("le"),
            Self::Quantile => Some("quantile"),
            _ => None,
        }
    }
}

/// Parts that came so far.
#[derive(Default)]
pub(super) struct Composites<'a> {
    parts: HashMap<PartsKey, Parts<'a>>,
    order: Vec<PartsKey>,
    created: HashMap<(String, model::Labels), Timestamp>,
}

struct Parts<'a> {
    first: Labelled<'a>,
    /// Upper bound and cumulative count, or quantile and value.
    entries: Vec<(f64, f64)>,
    sum: Option<f64>,
    count: Option<f64>,
    exemplars: Vec<&'a ExposedExemplar>,
}

type Composite<'a> = (Labelled<'a>, HistogramPoint, Vec<&'a ExposedExemplar>);

impl<'a> Composites<'a> {
    /// Takes one part. Gives it back as a number of its own where it cannot be one, because its bound or count is no such
    /// number or a rule took the bound away: Prometheus, which puts nothing together, keeps it too.
    pub(super) fn add(&mut self, part: Part, mut told: Labelled<'a>) -> Option<Labelled<'a>> {
        let value = told.sample.value;
        if part == Part::Created {
            let time = Timestamp::from_seconds(value);
            if value.is_finite() {
                self.created.insert((told.name, told.labels), time);
            }
            return None;
        }
        let bound = match part.bound_label() {
            None => None,
            Some(label) => match told.labels.get(label).and_then(|text| read_bound(text)) {
                None => return Some(told.alone(part)),
                known => known,
            },
        };
        if matches!(part, Part::Bucket | Part::Count) && !is_count(value) {
            return Some(told.alone(part));
        }
        if let Some(label) = part.bound_label() {
            told.labels.remove(label);
        }
        let key = (told.name.clone(), told.labels.clone(), told.time);
        let exemplars = &told.sample.exemplars;
        let parts = self.parts.entry(key.clone()).or_insert_with(|| {
            self.order.push(key);
            Parts { first: told, entries: Vec::new(), sum: None, count: None, exemplars: Vec::new() }
        });
        parts.exemplars.extend(exemplars);
        match (part, bound) {
            (_, Some(bound)) => parts.entries.push((bound, value)),
            (Part::Sum, _) => parts.sum = Some(value),
            _ => parts.count = Some(value),
        }
        None
    }

    /// Takes out the sums that nothing else came with, as numbers of their own.
    pub(super) fn lone_sums(&mut self) -> Vec<Labelled<'a>> {
        let is_lone = |parts: &Parts<'a>| parts.entries.is_empty() && parts.count.is_none();
        let (lone, order) = std::mem::take(&mut self.order)
            .into_iter()
            .partition(|key| self.parts.get(key).is_some_and(is_lone));
        self.order = order;
        let lone: Vec<PartsKey> = lone;
        lone.iter().filter_map(|key| Some(self.parts.remove(key)?.first.alone(Part::Sum))).collect()
    }

    /// Since when the series of a number counts, if a `_created` sample told.
    pub(super) fn created(&self, told: &Labelled<'_>) -> Option<Timestamp> {
        if told.kind != FamilyKind::Counter || self.created.is_empty() {
            return None;
        }
        let family = told.name.strip_suffix("_total").unwrap_or(&told.name);
        self.created.get(&(family.to_owned(), told.labels.clone())).copied()
    }

    /// Everything put together, in the order it was first told.
    pub(super) fn finish(mut self) -> impl Iterator<Item = Composite<'a>> {
        std::mem::take(&mut self.order).into_iter().filter_map(move |key| {
            let parts = self.parts.remove(&key)?;
            let start_time = match self.created.is_empty() {
                true => None,
                false => self.created.get(&(key.0, key.1)).copied(),
            };
            Some(parts.together(start_time))
        })
    }
}

/// Whether a number can be one of measurements. NaN is none.
fn is_count(value: f64) -> bool {
    (0.0..=9.0e18).contains(&value)
}

fn read_bound(text: &str) -> Option<f64> {
    match text {
        "+Inf" | "Inf" => Some(f64::INFINITY),
        number => number.parse::<f64>().ok().filter(|bound| !bound.is_nan()),
    }
}

impl<'a> Parts<'a> {
    fn together(mut self, start_time: Option<Timestamp>) -> Composite<'a> {
        self.entries.sort_by(|left, right| left.0.total_cmp(&right.0));
        self.entries.dedup_by(|later, earlier| later.0 == earlier.0);
        let told_count = self.count.map(|count| count as u64);
        let (count, buckets) = if self.first.kind == FamilyKind::Summary {
            (told_count.unwrap_or(0), Buckets::Quantiles(self.entries))
        } else {
            let mut bounds = Vec::new();
            let mut counts = Vec::new();
            let mut below = 0;
            let mut infinite = None;
            for (bound, cumulative) in self.entries {
                let cumulative = cumulative as u64;
                if bound == f64::INFINITY {
                    infinite = Some(cumulative);
                } else {
                    bounds.push(bound);
                    counts.push(cumulative.saturating_sub(below));
                    below = below.max(cumulative);
                }
            }
            let count = infinite.or(told_count).unwrap_or(below).max(below);
            counts.push(count - below);
            (count, Buckets::Explicit { bounds, counts })
        };
        let point = HistogramPoint {
            // The series is known once its labels are; the assembly sets it with the time.
            series: SeriesId(0),
            time: Timestamp(0),
            start_time: start_time.or(self.first.sample.start_time),
            count,
            sum: self.sum,
            min: None,
            max: None,
            buckets,
        };
        (self.first, point, self.exemplars)
    }
}
