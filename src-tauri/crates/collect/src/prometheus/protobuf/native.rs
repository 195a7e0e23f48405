//! Native histograms: from Prometheus' spans to a run of counts with an offset.

use model::Buckets;

use super::message::{BucketSpan, Histogram};
use crate::prometheus::exposed::NativeHistogram;

/// A histogram whose buckets lie further apart than this is not believed: filled up with empty buckets, spans at
/// the ends of the number range would ask for gigabytes.
const MOST_BUCKETS: usize = 20_000;

/// Whether the histogram has exponential buckets, or is told to have some once something is measured.
pub(super) fn is_native(histogram: &Histogram) -> bool {
    !histogram.positive_span.is_empty()
        || !histogram.negative_span.is_empty()
        || histogram.zero_threshold.unwrap_or(0.0) > 0.0
        || histogram.zero_count.unwrap_or(0) > 0
        || histogram.zero_count_float.unwrap_or(0.0) > 0.0
}

/// The exponential buckets of `histogram`. Counts told as fractions are rounded to whole measurements.
pub(super) fn read_native(histogram: &Histogram) -> Result<NativeHistogram, String> {
    let scale = histogram.schema.unwrap_or(0);
    if !(-4..=8).contains(&scale) {
        return Err(format!("a native histogram has the schema {scale}, which is not one of -4 to 8"));
    }
    let zero_count = match histogram.zero_count_float.filter(|count| *count > 0.0) {
        Some(count) => whole(count)?,
        None => histogram.zero_count.unwrap_or(0),
    };
    let (positive_offset, positive) =
        run(&histogram.positive_span, &histogram.positive_delta, &histogram.positive_count)?;
    let (negative_offset, negative) =
        run(&histogram.negative_span, &histogram.negative_delta, &histogram.negative_count)?;
    Ok(NativeHistogram {
        buckets: Buckets::Exponential {
            scale,
            zero_threshold: histogram.zero_threshold.unwrap_or(0.0),
            zero_count,
            positive_offset,
            positive,
            negative_offset,
            negative,
        },
        sum: histogram.sample_sum.unwrap_or(0.0),
        rounded: histogram
            .positive_count
            .iter()
            .chain(&histogram.negative_count)
            .chain(&histogram.zero_count_float)
            .any(|count| count.fract() != 0.0),
    })
}

/// The count that a number stands for; an error if it is none.
pub(super) fn whole(count: f64) -> Result<u64, String> {
    let rounded = count.round();
    if (0.0..=9.0e18).contains(&rounded) {
        Ok(rounded as u64)
    } else {
        Err("a native histogram has a count that is not a number of measurements".to_owned())
    }
}

/// The counts from the first bucket to the last, and where the first lies in OpenTelemetry's numbering: its bucket i
/// ends where Prometheus' bucket i + 1 ends.
fn run(spans: &[BucketSpan], deltas: &[i64], counts: &[f64]) -> Result<(i32, Vec<u64>), String> {
    let mut told = absolute(deltas, counts)?.into_iter();
    let mut filled: Vec<u64> = Vec::new();
    let mut first = 0_i64;
    for (index, span) in spans.iter().enumerate() {
        let offset = i64::from(span.offset.unwrap_or(0));
        let length = span.length.unwrap_or(0) as usize;
        let gap = match (index, usize::try_from(offset)) {
            (0, _) => {
                first = offset;
                0
            }
            (_, Ok(gap)) => gap,
            (_, Err(_)) => return Err("the spans of a native histogram overlap".to_owned()),
        };
        if filled.len().saturating_add(gap).saturating_add(length) > MOST_BUCKETS {
            return Err(format!("the buckets of a native histogram lie more than {MOST_BUCKETS} apart"));
        }
        filled.resize(filled.len() + gap, 0);
        for _ in 0..length {
            let count = told.next().ok_or("a native histogram has fewer counts than its spans say")?;
            filled.push(count);
        }
    }
    if told.next().is_some() {
        return Err("a native histogram has more counts than its spans say".to_owned());
    }
    let offset = if filled.is_empty() { 0 } else { first - 1 };
    let offset = i32::try_from(offset).map_err(|_| "a native histogram's span starts out of range")?;
    Ok((offset, filled))
}

/// Counts per bucket, from the differences to the bucket before, or as they are.
fn absolute(deltas: &[i64], counts: &[f64]) -> Result<Vec<u64>, String> {
    if !counts.is_empty() {
        return counts.iter().map(|count| whole(*count)).collect();
    }
    let mut count = 0_i64;
    deltas
        .iter()
        .map(|delta| {
            count = count.checked_add(*delta).unwrap_or(-1);
            u64::try_from(count).map_err(|_| "a bucket of a native histogram has a negative count".to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(offset: i32, length: u32) -> BucketSpan {
        BucketSpan { offset: Some(offset), length: Some(length) }
    }

    #[test]
    fn spans_and_deltas_become_a_run_with_an_offset() {
        let (offset, counts) = run(&[span(0, 2), span(1, 2)], &[1, 1, -1, 0], &[]).unwrap();
        assert_eq!((offset, counts), (-1, vec![1, 2, 0, 1, 1]));
        let (offset, counts) = run(&[span(-3, 1)], &[], &[2.4]).unwrap();
        assert_eq!((offset, counts), (-4, vec![2]));
        assert_eq!(run(&[], &[], &[]).unwrap(), (0, vec![]));
    }

    #[test]
    fn odd_spans_are_refused() {
        for (spans, deltas, counts, told) in [
            (vec![span(0, 2)], vec![1], vec![], "fewer counts"),
            (vec![span(0, 1)], vec![1, 1], vec![], "more counts"),
            (vec![span(0, 1), span(-1, 1)], vec![1, 0], vec![], "overlap"),
            (vec![span(0, 1), span(i32::MAX, 1)], vec![1, 0], vec![], "apart"),
            (vec![span(0, u32::MAX)], vec![1], vec![], "apart"),
            (vec![span(0, 1)], vec![-1], vec![], "negative"),
            (vec![span(0, 2)], vec![i64::MAX, 1], vec![], "negative"),
            (vec![span(0, 1)], vec![], vec![f64::NAN], "not a number"),
            (vec![span(i32::MIN, 1)], vec![1], vec![], "out of range"),
        ] {
            let error = run(&spans, &deltas, &counts).unwrap_err();
            assert!(error.contains(told), "{told}: {error}");
        }
        let histogram = Histogram { schema: Some(-53), ..Histogram::default() };
        assert!(read_native(&histogram).unwrap_err().contains("schema"));
    }
}
