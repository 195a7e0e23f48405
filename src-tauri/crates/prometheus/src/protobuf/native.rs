//! Native histograms in the protobuf format.

use super::message::{BucketSpan, Histogram};
use crate::native_histogram::{BucketRun, NativeHistogram};

/// Returns true if the histogram has exponential buckets, or declares that it will have some.
pub(super) fn is_native(histogram: &Histogram) -> bool {
    !histogram.positive_span.is_empty()
        || !histogram.negative_span.is_empty()
        || histogram.zero_threshold.unwrap_or(0.0) > 0.0
        || histogram.zero_count.unwrap_or(0) > 0
        || histogram.zero_count_float.unwrap_or(0.0) > 0.0
}

/// Returns the buckets, the count and the sum of the message. The format has no custom bounds.
pub(super) fn read_native(histogram: &Histogram) -> NativeHistogram {
    let run = |spans: &[BucketSpan], deltas: &[i64], counts: &[f64]| BucketRun {
        spans: spans.iter().map(|span| (span.offset.unwrap_or(0), span.length.unwrap_or(0))).collect(),
        deltas: deltas.to_vec(),
        counts: counts.to_vec(),
    };
    NativeHistogram {
        count: either(histogram.sample_count_float, histogram.sample_count),
        sum: histogram.sample_sum.unwrap_or(0.0),
        schema: histogram.schema.unwrap_or(0),
        zero_threshold: histogram.zero_threshold.unwrap_or(0.0),
        zero_count: either(histogram.zero_count_float, histogram.zero_count),
        positive: run(&histogram.positive_span, &histogram.positive_delta, &histogram.positive_count),
        negative: run(&histogram.negative_span, &histogram.negative_delta, &histogram.negative_count),
        custom_bounds: Vec::new(),
    }
}

/// Returns the fractional count if it is positive, otherwise the integer.
pub(super) fn either(fraction: Option<f64>, integer: Option<u64>) -> f64 {
    fraction.filter(|count| *count > 0.0).unwrap_or(integer.unwrap_or(0) as f64)
}
