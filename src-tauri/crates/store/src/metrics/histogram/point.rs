//! Points of histograms, the increase from one to another, and sums of increases.

use super::exponential::Sparse;

/// The distribution of the measurements of a point.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Counts {
    /// Upper bounds, and counts: one more than bounds.
    Explicit(Vec<f64>, Vec<f64>),
    Exponential(Sparse),
}

/// One point. Its counts are valid whatever was written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Point {
    pub(crate) series: u64,
    pub(crate) time: i64,
    pub(crate) start_time: Option<i64>,
    pub(crate) count: f64,
    pub(crate) sum: f64,
    pub(crate) min: Option<f64>,
    pub(crate) max: Option<f64>,
    /// Set if it only marks the end of the series.
    pub(crate) absent: bool,
    pub(crate) counts: Counts,
    /// Quantiles of a summary with their values.
    pub(crate) quantiles: Vec<(f64, f64)>,
}

/// Returns the measurements of a cumulative point since the one before.
pub(crate) fn gained(point: &Point, before: &Point) -> Point {
    // Extremes of cumulative points are those since their start, not of this step.
    let whole = Point { min: None, max: None, ..point.clone() };
    if point.count < before.count || point.start_time.is_some_and(|start| start > before.time) {
        return whole;
    }
    let counts = match (&point.counts, &before.counts) {
        (Counts::Explicit(bounds, counts), Counts::Explicit(bounds_before, counts_before))
            if bounds == bounds_before && counts.len() == counts_before.len() =>
        {
            let gains: Vec<f64> = counts.iter().zip(counts_before).map(|(now, then)| now - then).collect();
            if gains.iter().any(|gain| *gain < 0.0) {
                return whole;
            }
            Counts::Explicit(bounds.clone(), gains)
        }
        (Counts::Exponential(now), Counts::Exponential(then)) => match now.increase(then) {
            Some(gain) => Counts::Exponential(gain),
            None => return whole,
        },
        _ => return whole,
    };
    Point { count: point.count - before.count, sum: point.sum - before.sum, counts, ..whole }
}

impl Point {
    /// Adds a later increase.
    pub(crate) fn add(&mut self, other: &Self) {
        self.quantiles.clone_from(&other.quantiles);
        self.count += other.count;
        self.sum += other.sum;
        self.min = self.min.into_iter().chain(other.min).reduce(f64::min);
        self.max = self.max.into_iter().chain(other.max).reduce(f64::max);
        match (&mut self.counts, &other.counts) {
            (Counts::Exponential(total), Counts::Exponential(more)) => total.add(more),
            (Counts::Explicit(bounds, counts), Counts::Explicit(more_bounds, more)) => {
                if bounds == more_bounds && counts.len() == more.len() {
                    counts.iter_mut().zip(more).for_each(|(total, count)| *total += count);
                } else {
                    (*bounds, *counts) = merged(bounds, counts, more_bounds, more);
                }
            }
            (total @ Counts::Explicit(..), more @ Counts::Exponential(_)) => *total = more.clone(),
            (Counts::Exponential(_), Counts::Explicit(..)) => {}
        }
    }
}

/// Merges two sets of buckets over the bounds of both. Each count stays at its own upper bound.
fn merged(bounds: &[f64], counts: &[f64], more_bounds: &[f64], more: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let mut union: Vec<f64> = bounds.iter().chain(more_bounds).copied().collect();
    union.sort_by(f64::total_cmp);
    union.dedup();
    let mut sums = vec![0.0; union.len() + 1];
    for (bounds, counts) in [(bounds, counts), (more_bounds, more)] {
        for (index, count) in counts.iter().enumerate() {
            let position =
                bounds.get(index).map_or(union.len(), |bound| union.partition_point(|other| other < bound));
            if let Some(sum) = sums.get_mut(position) {
                *sum += count;
            }
        }
    }
    (union, sums)
}
