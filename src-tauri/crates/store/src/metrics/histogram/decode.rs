//! Decoding of points from tables and files.

use duckdb::arrow::array::{Array, AsArray, RecordBatch};
use duckdb::arrow::datatypes::{Float64Type, Int32Type, Int64Type, UInt64Type};

use super::{
    exponential::Sparse,
    point::{Counts, Point},
};

/// Reads the points of a batch with `series_id`, `time` and the columns of a point, in this order.
pub(crate) fn points(batch: &RecordBatch) -> impl Iterator<Item = Point> {
    let unsigned = |column: usize, row: usize| {
        let array = batch.column(column).as_primitive::<UInt64Type>();
        (!array.is_null(row)).then(|| array.value(row))
    };
    let signed = |column: usize, row: usize| {
        let array = batch.column(column).as_primitive::<Int64Type>();
        (!array.is_null(row)).then(|| array.value(row))
    };
    let small = |column: usize, row: usize| {
        let array = batch.column(column).as_primitive::<Int32Type>();
        (!array.is_null(row)).then(|| array.value(row))
    };
    let double = |column: usize, row: usize| {
        let array = batch.column(column).as_primitive::<Float64Type>();
        (!array.is_null(row)).then(|| array.value(row))
    };
    let counts = |column: usize, row: usize| -> Vec<f64> {
        let list = batch.column(column).as_list::<i32>();
        if list.is_null(row) {
            return Vec::new();
        }
        list.value(row).as_primitive::<UInt64Type>().values().iter().map(|count| *count as f64).collect()
    };
    let doubles = |column: usize, row: usize| -> Vec<f64> {
        let list = batch.column(column).as_list::<i32>();
        if list.is_null(row) {
            return Vec::new();
        }
        list.value(row).as_primitive::<Float64Type>().values().to_vec()
    };
    (0..batch.num_rows()).map(move |row| Point {
        series: unsigned(0, row).unwrap_or_default(),
        time: signed(1, row).unwrap_or_default(),
        start_time: signed(2, row),
        count: unsigned(3, row).unwrap_or_default() as f64,
        sum: double(4, row).unwrap_or_default(),
        min: double(5, row),
        max: double(6, row),
        quantiles: doubles(7, row).into_iter().zip(doubles(15, row)).collect(),
        absent: unsigned(3, row) == Some(0) && double(4, row).is_some_and(model::is_stale),
        counts: match small(9, row) {
            Some(scale) => Counts::Exponential(Sparse {
                scale,
                zero_threshold: double(10, row).filter(|width| width.is_finite()).unwrap_or_default(),
                zero: unsigned(11, row).unwrap_or_default() as f64,
                positive: indexed(small(12, row), counts(8, row)),
                negative: indexed(small(13, row), counts(14, row)),
            }),
            None => explicit(doubles(7, row), counts(8, row)),
        },
    })
}

fn indexed(offset: Option<i32>, counts: Vec<f64>) -> std::collections::BTreeMap<i64, f64> {
    let first = i64::from(offset.unwrap_or_default());
    (first..).zip(counts).filter(|(_, count)| *count > 0.0).collect()
}

/// Normalizes buckets to ascending finite bounds and one count more, whatever was written.
fn explicit(bounds: Vec<f64>, mut counts: Vec<f64>) -> Counts {
    if counts.is_empty() {
        return Counts::Explicit(Vec::new(), Vec::new());
    }
    counts.resize(bounds.len() + 1, 0.0);
    let last = counts.pop().unwrap_or_default();
    let (mut valid, mut sums, mut pending) = (Vec::new(), Vec::new(), 0.0);
    for (bound, count) in bounds.into_iter().zip(counts) {
        pending += count;
        if bound.is_finite() && valid.last().is_none_or(|before| bound > *before) {
            valid.push(bound);
            sums.push(std::mem::take(&mut pending));
        }
    }
    sums.push(pending + last);
    Counts::Explicit(valid, sums)
}
