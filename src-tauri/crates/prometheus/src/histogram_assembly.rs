//! Histograms and summaries assembled from the samples of their buckets, sums and counts.

use std::{collections::HashMap, sync::Arc};

use model::{Buckets, HistogramPoint, IdentityHash, MetricKind, SeriesId, Timestamp};

use crate::{
    exposition::{ExposedExemplar, ExposedSample},
    known_series::KnownSeries,
    labelled_sample::Role,
};

/// Series and time: the samples of one point share them.
type PointKey = (SeriesId, Option<Timestamp>);

/// Histograms and summaries under assembly.
#[derive(Default)]
pub(crate) struct HistogramAssembly<'a> {
    positions: HashMap<PointKey, usize, IdentityHash>,
    /// In the order of their first samples.
    points: Vec<PartialPoint<'a>>,
    /// Start times by [`KnownSeries::created_key`].
    created: HashMap<u64, Timestamp, IdentityHash>,
}

/// A histogram or summary at one time.
pub(crate) struct PartialPoint<'a> {
    pub(crate) series: Arc<KnownSeries>,
    /// Time of the samples; none means the time of the scrape.
    pub(crate) time: Option<Timestamp>,
    pub(crate) start_time: Option<Timestamp>,
    /// Upper bound and cumulative count, or quantile and value.
    entries: Vec<(f64, f64)>,
    pub(crate) sum: Option<f64>,
    count: Option<f64>,
    pub(crate) exemplars: Vec<&'a ExposedExemplar>,
}

impl<'a> HistogramAssembly<'a> {
    /// Adds one sample of the histogram or summary `series`. `bound` is unused for sums and counts.
    pub(crate) fn add(
        &mut self,
        series: &Arc<KnownSeries>,
        role: Role,
        bound: f64,
        sample: &'a ExposedSample,
        time: Option<Timestamp>,
    ) {
        let position = *self.positions.entry((series.id, time)).or_insert_with(|| {
            self.points.push(PartialPoint {
                series: Arc::clone(series),
                time,
                start_time: sample.start_time,
                entries: Vec::new(),
                sum: None,
                count: None,
                exemplars: Vec::new(),
            });
            self.points.len() - 1
        });
        let Some(point) = self.points.get_mut(position) else { return };
        point.exemplars.extend(&sample.exemplars);
        match role {
            Role::Bucket | Role::Quantile => point.entries.push((bound, sample.value)),
            Role::Sum => point.sum = Some(sample.value),
            _ => point.count = Some(sample.value),
        }
    }

    /// Adds the start time of the series with a key.
    pub(crate) fn add_created(&mut self, key: u64, seconds: f64) {
        if seconds.is_finite() {
            self.created.insert(key, Timestamp::from_seconds(seconds));
        }
    }

    /// Removes the sums without buckets, quantiles or count, and returns them.
    pub(crate) fn take_lone_sums(&mut self) -> Vec<PartialPoint<'a>> {
        let is_lone = |point: &PartialPoint<'a>| point.entries.is_empty() && point.count.is_none();
        if !self.points.iter().any(is_lone) {
            return Vec::new();
        }
        self.positions.clear();
        let (lone, points) = std::mem::take(&mut self.points).into_iter().partition(is_lone);
        self.points = points;
        lone
    }

    /// Returns the start time of a counter, histogram or summary, if a `_created` sample gave one.
    pub(crate) fn created(&self, series: &KnownSeries) -> Option<Timestamp> {
        if self.created.is_empty() || series.kind == MetricKind::Gauge {
            return None;
        }
        self.created.get(&series.created_key()).copied()
    }

    /// Returns every point, in the order of the first samples, and removes them.
    pub(crate) fn take_points(&mut self) -> Vec<PartialPoint<'a>> {
        self.positions.clear();
        std::mem::take(&mut self.points)
    }
}

/// Reads a bound or a quantile.
pub(crate) fn read_bound(text: &str) -> Option<f64> {
    match text {
        "+Inf" | "Inf" => Some(f64::INFINITY),
        number => number.parse::<f64>().ok().filter(|bound| !bound.is_nan()),
    }
}

impl PartialPoint<'_> {
    /// Returns the point at `time`, with the start time of a `_created` sample if there is one.
    pub(crate) fn assemble(self, time: Timestamp, created: Option<Timestamp>) -> HistogramPoint {
        let mut entries = self.entries;
        entries.sort_by(|left, right| left.0.total_cmp(&right.0));
        entries.dedup_by(|later, earlier| later.0 == earlier.0);
        let declared_count = self.count.map(|count| count as u64);
        let (count, buckets) = if self.series.kind == MetricKind::Summary {
            (declared_count.unwrap_or(0), Buckets::Quantiles(entries))
        } else {
            explicit_buckets(entries, declared_count)
        };
        HistogramPoint {
            series: self.series.id,
            time,
            start_time: created.or(self.start_time),
            count,
            sum: self.sum,
            min: None,
            max: None,
            buckets,
        }
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
