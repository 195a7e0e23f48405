//! Tests of the native-histogram decoder.

use model::STALE;

use super::*;

fn deltas(spans: &[(i32, u32)], deltas: &[i64]) -> BucketRun {
    BucketRun { spans: spans.to_vec(), deltas: deltas.to_vec(), counts: Vec::new() }
}

fn counts(spans: &[(i32, u32)], counts: &[f64]) -> BucketRun {
    BucketRun { spans: spans.to_vec(), deltas: Vec::new(), counts: counts.to_vec() }
}

fn positive(run: BucketRun) -> (i32, Vec<u64>) {
    let decoded = NativeHistogram { positive: run, ..NativeHistogram::default() }.decode().unwrap();
    match decoded.buckets {
        Buckets::Exponential { positive_offset, positive, .. } => (positive_offset, positive),
        other => panic!("{other:?}"),
    }
}

#[test]
fn spans_and_deltas_become_a_run_with_an_offset() {
    assert_eq!(positive(deltas(&[(0, 2), (1, 2)], &[1, 1, -1, 0])), (-1, vec![1, 2, 0, 1, 1]));
    assert_eq!(positive(counts(&[(-3, 1)], &[2.4])), (-4, vec![2]));
    assert_eq!(positive(BucketRun::default()), (0, vec![]));
    let both = BucketRun { deltas: vec![9], ..counts(&[(1, 2)], &[3.0, 4.0]) };
    assert_eq!(positive(both), (0, vec![3, 4]), "fractions take the place of deltas");
}

#[test]
fn exponential_buckets_move_by_one_and_gaps_are_filled() {
    let histogram = NativeHistogram {
        schema: 3,
        zero_count: 2.0,
        zero_threshold: 0.001,
        sum: 9.0,
        positive: deltas(&[(-1, 2), (2, 1)], &[1, 2, -2]),
        negative: deltas(&[(4, 1)], &[7]),
        ..NativeHistogram::default()
    };
    let decoded = histogram.decode().unwrap();
    assert_eq!(decoded.count, 2 + 1 + 3 + 1 + 7);
    let expected = Buckets::Exponential {
        scale: 3,
        zero_threshold: 0.001,
        zero_count: 2,
        positive_offset: -2,
        positive: vec![1, 3, 0, 0, 1],
        negative_offset: 3,
        negative: vec![7],
    };
    assert_eq!(decoded.buckets, expected);
}

#[test]
fn custom_bounds_become_explicit_buckets_and_fractions_are_rounded() {
    let histogram = NativeHistogram {
        schema: SCHEMA_CUSTOM_BOUNDS,
        custom_bounds: vec![0.5, 1.0, 2.0],
        positive: counts(&[(1, 1), (1, 1)], &[2.6, 1.0]),
        ..NativeHistogram::default()
    };
    let expected = Buckets::Explicit { bounds: vec![0.5, 1.0, 2.0], counts: vec![0, 3, 0, 1] };
    assert!(histogram.has_custom_bounds() && histogram.has_fractions());
    assert_eq!(histogram.decode().unwrap(), DecodedHistogram { count: 4, buckets: expected });
}

#[test]
fn wide_histograms_are_made_coarser_and_keep_their_count() {
    for (spans, scale) in [([(-20_000, 1), (39_998, 1)], 4), ([(0, 1), (19_000, 1)], 5)] {
        let histogram =
            NativeHistogram { schema: 8, positive: deltas(&spans, &[5, 1]), ..NativeHistogram::default() };
        let decoded = histogram.decode().unwrap();
        let Buckets::Exponential { scale: coarse, positive, positive_offset, .. } = &decoded.buckets else {
            panic!("{decoded:?}")
        };
        assert_eq!((*coarse, decoded.count), (scale, 11));
        assert!(positive.len() <= MAX_NATIVE_BUCKETS);
        assert_eq!(*positive_offset, (spans[0].0 - 1) >> (8 - scale));
    }
}

#[test]
fn many_counts_are_accepted_up_to_the_limit() {
    let run = |length: usize| counts(&[(0, length as u32)], &vec![1.0; length]);
    let decoded = NativeHistogram { positive: run(20_000), ..NativeHistogram::default() }.decode().unwrap();
    assert_eq!(decoded.count, 20_000);
    let error = NativeHistogram { positive: run(20_001), ..NativeHistogram::default() }.decode().unwrap_err();
    assert_eq!(error, NativeHistogramError::TooManyBuckets { count: 20_001, limit: 20_000 });
}

#[test]
fn nan_measurements_count_although_no_bucket_holds_them() {
    let run = deltas(&[(0, 1)], &[2]);
    let histogram = NativeHistogram { count: 5.0, positive: run, ..NativeHistogram::default() };
    assert_eq!(histogram.decode().unwrap().count, 2);
    assert_eq!(NativeHistogram { sum: f64::NAN, ..histogram }.decode().unwrap().count, 5);
}

#[test]
fn invalid_histograms_are_refused() {
    let of = |positive| NativeHistogram { positive, ..NativeHistogram::default() };
    let custom = |histogram: NativeHistogram| NativeHistogram { schema: SCHEMA_CUSTOM_BOUNDS, ..histogram };
    for (histogram, expected) in [
        (NativeHistogram { schema: 9, ..NativeHistogram::default() }, "schema 9"),
        (NativeHistogram { schema: -5, ..NativeHistogram::default() }, "schema -5"),
        (NativeHistogram { zero_count: -1.0, ..NativeHistogram::default() }, "count of -1"),
        (NativeHistogram { zero_count: f64::NAN, ..NativeHistogram::default() }, "count of NaN"),
        (NativeHistogram { zero_threshold: -1.0, ..NativeHistogram::default() }, "width"),
        (NativeHistogram { zero_threshold: f64::NAN, ..NativeHistogram::default() }, "width"),
        (of(deltas(&[(0, 2)], &[1])), "1 bucket counts for spans of 2"),
        (of(deltas(&[(0, 1)], &[1, 1])), "2 bucket counts for spans of 1"),
        (of(deltas(&[(0, u32::MAX), (0, 2)], &[1])), "for spans of 4294967297"),
        (of(deltas(&[(0, 1), (-5, 1)], &[1, 1])), "overlapping"),
        (of(deltas(&[(0, 1), (i32::MAX, 1)], &[1, 0])), "range of numbers"),
        (of(deltas(&[(i32::MIN, 1)], &[1])), "range of numbers"),
        (of(deltas(&[(0, 1)], &[-1])), "count of -1"),
        (of(deltas(&[(0, 2)], &[i64::MAX, 1])), "count of -1"),
        (of(counts(&[(0, 1)], &[f64::NAN])), "count of NaN"),
        (custom(of(deltas(&[(1, 1)], &[1]))), "bucket 1 without"),
        (custom(NativeHistogram { custom_bounds: vec![2.0, 1.0], ..of(BucketRun::default()) }), "ascend"),
        (custom(NativeHistogram { custom_bounds: vec![0.0; 4096], ..of(BucketRun::default()) }), "4097"),
    ] {
        let error = histogram.decode().unwrap_err().to_string();
        assert!(error.contains(expected), "{expected}: {error}");
    }
}

#[test]
fn the_staleness_marker_needs_no_valid_buckets() {
    let stale = NativeHistogram { sum: STALE, schema: 99, ..NativeHistogram::default() }.decode().unwrap();
    assert_eq!(stale, DecodedHistogram { count: 0, buckets: empty_exponential() });
}
