//! Histograms and summaries assembled from the samples of their buckets, sums and counts.

use std::collections::{BTreeMap, HashMap};

use model::{Buckets, HistogramPoint, Labels, SeriesId, Timestamp};

use crate::{
    exposition::ExposedExemplar,
    family::FamilyKind,
    labelled_sample::{LabelledSample, Role},
};

/// Family, labels without the bound, and time: the samples of one point share it.
type PointKey = (String, BTreeMap<String, String>, Option<Timestamp>);

/// An assembled point with its first sample and its exemplars.
type AssembledPoint<'a> = (LabelledSample<'a>, HistogramPoint, Vec<&'a ExposedExemplar>);

/// Histograms and summaries under assembly.
#[derive(Default)]
pub(crate) struct HistogramAssembly<'a> {
    points: HashMap<PointKey, PartialPoint<'a>>,
    order: Vec<PointKey>,
    created: HashMap<(String, Labels), Timestamp>,
}

struct PartialPoint<'a> {
    first: LabelledSample<'a>,
    /// Upper bound and cumulative count, or quantile and value.
    entries: Vec<(f64, f64)>,
    sum: Option<f64>,
    count: Option<f64>,
    exemplars: Vec<&'a ExposedExemplar>,
}

impl<'a> HistogramAssembly<'a> {
    /// Adds one sample. Returns it as a standalone number if its bound or count is invalid, or if
    /// a rule removed the bound. Prometheus stores such samples too.
    pub(crate) fn add(&mut self, role: Role, mut labelled: LabelledSample<'a>) -> Option<LabelledSample<'a>> {
        let value = labelled.sample.value;
        if role == Role::Created {
            let time = Timestamp::from_seconds(value);
            if value.is_finite() {
                self.created.insert((labelled.name, labelled.labels), time);
            }
            return None;
        }
        let bound = match role.bound_label() {
            None => None,
            Some(label) => match labelled.labels.get(label).and_then(|text| read_bound(text)) {
                None => return Some(labelled.into_standalone(role)),
                bound => bound,
            },
        };
        if matches!(role, Role::Bucket | Role::Count) && !is_count(value) {
            return Some(labelled.into_standalone(role));
        }
        if let Some(label) = role.bound_label() {
            labelled.labels.remove(label);
        }
        let key = (labelled.name.clone(), labelled.labels.clone(), labelled.time);
        let exemplars = &labelled.sample.exemplars;
        let point = self.points.entry(key.clone()).or_insert_with(|| {
            self.order.push(key);
            PartialPoint {
                first: labelled,
                entries: Vec::new(),
                sum: None,
                count: None,
                exemplars: Vec::new(),
            }
        });
        point.exemplars.extend(exemplars);
        match (role, bound) {
            (_, Some(bound)) => point.entries.push((bound, value)),
            (Role::Sum, _) => point.sum = Some(value),
            _ => point.count = Some(value),
        }
        None
    }

    /// Removes the sums without buckets, quantiles or count, and returns them as standalone
    /// numbers.
    pub(crate) fn take_lone_sums(&mut self) -> Vec<LabelledSample<'a>> {
        let is_lone = |point: &PartialPoint<'a>| point.entries.is_empty() && point.count.is_none();
        let (lone, order) = std::mem::take(&mut self.order)
            .into_iter()
            .partition(|key| self.points.get(key).is_some_and(is_lone));
        self.order = order;
        let lone: Vec<PointKey> = lone;
        let sums = lone.iter().filter_map(|key| self.points.remove(key));
        sums.map(|point| point.first.into_standalone(Role::Sum)).collect()
    }

    /// Returns the start time of a counter, if a `_created` sample gave one.
    pub(crate) fn created(&self, labelled: &LabelledSample<'_>) -> Option<Timestamp> {
        if labelled.kind != FamilyKind::Counter || self.created.is_empty() {
            return None;
        }
        let family = labelled.name.strip_suffix("_total").unwrap_or(&labelled.name);
        self.created.get(&(family.to_owned(), labelled.labels.clone())).copied()
    }

    /// Returns every assembled point, in the order of the first samples.
    pub(crate) fn finish(mut self) -> impl Iterator<Item = AssembledPoint<'a>> {
        std::mem::take(&mut self.order).into_iter().filter_map(move |key| {
            let point = self.points.remove(&key)?;
            let start_time = match self.created.is_empty() {
                true => None,
                false => self.created.get(&(key.0, key.1)).copied(),
            };
            Some(point.assemble(start_time))
        })
    }
}

/// Returns true for a possible number of measurements. NaN is none.
fn is_count(value: f64) -> bool {
    (0.0..=9.0e18).contains(&value)
}

fn read_bound(text: &str) -> Option<f64> {
    match text {
        "+Inf" | "Inf" => Some(f64::INFINITY),
        number => number.parse::<f64>().ok().filter(|bound| !bound.is_nan()),
    }
}

impl<'a> PartialPoint<'a> {
    fn assemble(mut self, start_time: Option<Timestamp>) -> AssembledPoint<'a> {
        self.entries.sort_by(|left, right| left.0.total_cmp(&right.0));
        self.entries.dedup_by(|later, earlier| later.0 == earlier.0);
        let declared_count = self.count.map(|count| count as u64);
        let (count, buckets) = if self.first.kind == FamilyKind::Summary {
            (declared_count.unwrap_or(0), Buckets::Quantiles(self.entries))
        } else {
            explicit_buckets(self.entries, declared_count)
        };
        let point = HistogramPoint {
            // The caller sets series and time, which follow from the labels.
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

/// Turns cumulative counts, ascending by bound, into counts per bucket. Returns the total as well.
fn explicit_buckets(entries: Vec<(f64, f64)>, declared_count: Option<u64>) -> (u64, Buckets) {
    let mut bounds = Vec::new();
    let mut counts = Vec::new();
    let mut below = 0;
    let mut infinite = None;
    for (bound, cumulative) in entries {
        let cumulative = cumulative as u64;
        if bound == f64::INFINITY {
            infinite = Some(cumulative);
        } else {
            bounds.push(bound);
            counts.push(cumulative.saturating_sub(below));
            below = below.max(cumulative);
        }
    }
    let count = infinite.or(declared_count).unwrap_or(below).max(below);
    counts.push(count - below);
    (count, Buckets::Explicit { bounds, counts })
}
