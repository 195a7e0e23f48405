//! Validation of histogram buckets and summary quantiles.

use model::Buckets;
use opentelemetry_proto::tonic::metrics::v1::{
    ExponentialHistogramDataPoint, exponential_histogram_data_point::Buckets as WireBuckets,
    summary_data_point::ValueAtQuantile,
};

/// Maximum number of buckets or quantiles of one point.
pub(crate) const MAX_BUCKETS: usize = 4096;
/// Scales of exponential histograms. Others exceed the resolution of a double.
const VALID_SCALES: std::ops::RangeInclusive<i32> = -16..=64;

/// Returns explicit buckets without a measurement.
pub(crate) fn no_explicit() -> Buckets {
    Buckets::Explicit { bounds: Vec::new(), counts: vec![0] }
}

/// Returns exponential buckets without a measurement.
pub(crate) fn no_exponential() -> Buckets {
    Buckets::Exponential {
        scale: 0,
        zero_threshold: 0.0,
        zero_count: 0,
        positive_offset: 0,
        positive: Vec::new(),
        negative_offset: 0,
        negative: Vec::new(),
    }
}

/// Returns buckets with explicit bounds. Fails if counts and bounds contradict each other.
pub(crate) fn explicit(count: u64, counts: Vec<u64>, bounds: Vec<f64>) -> Result<Buckets, String> {
    if counts.is_empty() && bounds.is_empty() {
        return Ok(Buckets::Explicit { bounds, counts: vec![count] });
    }
    if counts.len() != bounds.len() + 1 {
        return Err(format!("histogram has {} bucket counts for {} bounds", counts.len(), bounds.len()));
    }
    check_number(counts.len())?;
    if bounds.iter().any(|bound| bound.is_nan()) || bounds.windows(2).any(|pair| pair[0] >= pair[1]) {
        return Err("histogram bounds do not ascend".to_owned());
    }
    check_total(count, counts.iter())?;
    Ok(Buckets::Explicit { bounds, counts })
}

/// Returns the exponential buckets of a point. Fails if they are out of range or contradictory.
pub(crate) fn exponential(point: &mut ExponentialHistogramDataPoint) -> Result<Buckets, String> {
    let side = |side: &mut Option<WireBuckets>| {
        side.take().map(|side| (side.offset, side.bucket_counts)).unwrap_or_default()
    };
    if !VALID_SCALES.contains(&point.scale) {
        return Err(format!("histogram scale {} is out of range", point.scale));
    }
    let (positive_offset, positive) = side(&mut point.positive);
    let (negative_offset, negative) = side(&mut point.negative);
    check_number(positive.len().saturating_add(negative.len()))?;
    check_total(point.count, positive.iter().chain(&negative).chain([&point.zero_count]))?;
    Ok(Buckets::Exponential {
        scale: point.scale,
        zero_threshold: point.zero_threshold,
        zero_count: point.zero_count,
        positive_offset,
        positive,
        negative_offset,
        negative,
    })
}

/// Returns the quantiles of a summary. Fails if one is not between 0 and 1.
pub(crate) fn quantiles(values: &[ValueAtQuantile]) -> Result<Buckets, String> {
    check_number(values.len())?;
    match values.iter().find(|value| !(0.0..=1.0).contains(&value.quantile)) {
        Some(value) => Err(format!("summary quantile {} is not between 0 and 1", value.quantile)),
        None => Ok(Buckets::Quantiles(values.iter().map(|value| (value.quantile, value.value)).collect())),
    }
}

fn check_number(number: usize) -> Result<(), String> {
    if number > MAX_BUCKETS {
        return Err(format!("{number} buckets exceed the maximum of {MAX_BUCKETS}"));
    }
    Ok(())
}

fn check_total<'a>(count: u64, counts: impl Iterator<Item = &'a u64>) -> Result<(), String> {
    let total: u128 = counts.map(|count| u128::from(*count)).sum();
    if total != u128::from(count) {
        return Err(format!("histogram counts {count} but its buckets add up to {total}"));
    }
    Ok(())
}
