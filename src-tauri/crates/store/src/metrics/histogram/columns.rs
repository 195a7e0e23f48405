//! Roll-up intervals as columns of a file.

use std::{collections::BTreeMap, sync::Arc};

use arrow_array::{
    Array, ArrayRef, Float64Array, Int32Array, Int64Array, ListArray, RecordBatch, StructArray, UInt64Array,
    builder::{ListBuilder, PrimitiveBuilder},
    cast::AsArray,
    types::{ArrowPrimitiveType, Float64Type, Int32Type, Int64Type, UInt64Type},
};
use arrow_schema::{DataType, Field, Fields};

use super::{
    exponential::Sparse,
    point::{Counts, Point},
    rollup::{HistogramInterval, IntervalContent},
};
use crate::StoreError;

/// The columns that hold points.
const POINTS: [&str; 4] = ["sum", "first", "last", "gain"];

fn list(of: DataType) -> DataType {
    DataType::List(Arc::new(Field::new("element", of, false)))
}

fn point_fields() -> Fields {
    let field = |name: &str, of: DataType| Field::new(name, of, true);
    Fields::from(vec![
        field("start_time", DataType::Int64),
        field("count", DataType::UInt64),
        field("sum", DataType::Float64),
        field("min", DataType::Float64),
        field("max", DataType::Float64),
        field("bounds", list(DataType::Float64)),
        field("counts", list(DataType::UInt64)),
        field("scale", DataType::Int32),
        field("zero_threshold", DataType::Float64),
        field("zero_count", DataType::UInt64),
        field("indexes", list(DataType::Int64)),
        field("negative_indexes", list(DataType::Int64)),
        field("negative_counts", list(DataType::UInt64)),
        field("quantiles", list(DataType::Float64)),
        field("quantile_values", list(DataType::Float64)),
    ])
}

/// Returns the columns of intervals.
pub(crate) fn fields() -> Vec<Field> {
    let mut fields = vec![
        Field::new("start", DataType::Int64, false),
        Field::new("first_time", DataType::Int64, false),
        Field::new("last_time", DataType::Int64, false),
        Field::new("points", DataType::UInt64, false),
    ];
    fields.extend(POINTS.map(|name| Field::new(name, DataType::Struct(point_fields()), true)));
    fields
}

/// The names of [`fields`].
pub(crate) const NAMES: [&str; 8] =
    ["start", "first_time", "last_time", "points", "sum", "first", "last", "gain"];

/// Builds columns in the order of [`fields`].
pub(crate) fn columns(intervals: &[HistogramInterval]) -> Result<Vec<ArrayRef>, StoreError> {
    let times = |of: fn(&HistogramInterval) -> i64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(intervals.iter().map(of)))
    };
    let counts = UInt64Array::from_iter_values(intervals.iter().map(|interval| interval.points));
    let mut columns: Vec<ArrayRef> = vec![
        times(|interval| interval.start),
        times(|interval| interval.first_time),
        times(|interval| interval.last_time),
        Arc::new(counts),
    ];
    let points: [fn(&IntervalContent) -> Option<&Point>; 4] = [
        |content| if let IntervalContent::Sum(sum) = content { Some(sum) } else { None },
        |content| if let IntervalContent::Ends { first, .. } = content { Some(first) } else { None },
        |content| if let IntervalContent::Ends { last, .. } = content { Some(last) } else { None },
        |content| if let IntervalContent::Ends { gain, .. } = content { gain.as_deref() } else { None },
    ];
    for of in points {
        let points: Vec<Option<&Point>> = intervals.iter().map(|interval| of(&interval.content)).collect();
        columns.push(point_column(&points)?);
    }
    Ok(columns)
}

fn point_column(points: &[Option<&Point>]) -> Result<ArrayRef, StoreError> {
    let number = |of: &dyn Fn(&Point) -> Option<f64>| -> ArrayRef {
        Arc::new(points.iter().map(|point| of((*point)?)).collect::<Float64Array>())
    };
    let whole = |of: &dyn Fn(&Point) -> Option<f64>| -> ArrayRef {
        Arc::new(points.iter().map(|point| Some(of((*point)?)? as u64)).collect::<UInt64Array>())
    };
    let numbers = |of: &dyn Fn(&Point) -> Vec<f64>| lists::<Float64Type>(points, of);
    let wholes = |of: &dyn Fn(&Point) -> Vec<f64>| {
        lists::<UInt64Type>(points, &|point| of(point).into_iter().map(|count| count as u64).collect())
    };
    let indexes = |of: &dyn Fn(&Sparse) -> Vec<i64>| {
        lists::<Int64Type>(points, &|point| exponential(point).map(of).unwrap_or_default())
    };
    let arrays: Vec<ArrayRef> = vec![
        Arc::new(points.iter().map(|point| (*point)?.start_time).collect::<Int64Array>()),
        whole(&|point| Some(point.count)),
        number(&|point| Some(point.sum)),
        number(&|point| point.min),
        number(&|point| point.max),
        numbers(&|point| match &point.counts {
            Counts::Explicit(bounds, _) => bounds.clone(),
            Counts::Exponential(_) => Vec::new(),
        }),
        wholes(&|point| match &point.counts {
            Counts::Explicit(_, counts) => counts.clone(),
            Counts::Exponential(sparse) => sparse.positive.values().copied().collect(),
        }),
        Arc::new(points.iter().map(|point| Some(exponential((*point)?)?.scale)).collect::<Int32Array>()),
        number(&|point| Some(exponential(point)?.zero_threshold)),
        whole(&|point| Some(exponential(point)?.zero)),
        indexes(&|sparse| sparse.positive.keys().copied().collect()),
        indexes(&|sparse| sparse.negative.keys().copied().collect()),
        wholes(&|point| {
            exponential(point).map(|sparse| sparse.negative.values().copied().collect()).unwrap_or_default()
        }),
        numbers(&|point| point.quantiles.iter().map(|(quantile, _)| *quantile).collect()),
        numbers(&|point| point.quantiles.iter().map(|(_, value)| *value).collect()),
    ];
    let present: Vec<bool> = points.iter().map(Option::is_some).collect();
    Ok(Arc::new(StructArray::try_new(point_fields(), arrays, Some(present.into()))?))
}

fn exponential(point: &Point) -> Option<&Sparse> {
    match &point.counts {
        Counts::Exponential(sparse) => Some(sparse),
        Counts::Explicit(..) => None,
    }
}

fn lists<T: ArrowPrimitiveType>(
    points: &[Option<&Point>],
    of: &dyn Fn(&Point) -> Vec<T::Native>,
) -> ArrayRef {
    let element = Field::new("element", T::DATA_TYPE, false);
    let mut lists = ListBuilder::new(PrimitiveBuilder::<T>::new()).with_field(element);
    for point in points {
        if let Some(point) = point {
            lists.values().append_slice(&of(point));
        }
        lists.append(point.is_some());
    }
    Arc::new(lists.finish())
}

/// Reads the intervals of a batch with `series_id` and the columns of [`NAMES`], each with its
/// series. Invalid rows are skipped.
pub(crate) fn intervals(batch: &RecordBatch) -> Vec<(u64, HistogramInterval)> {
    (0..batch.num_rows()).filter_map(|row| interval(batch, row)).collect()
}

fn interval(batch: &RecordBatch, row: usize) -> Option<(u64, HistogramInterval)> {
    let time = |name| Some(batch.column_by_name(name)?.as_primitive_opt::<Int64Type>()?.value(row));
    let whole = |name| Some(batch.column_by_name(name)?.as_primitive_opt::<UInt64Type>()?.value(row));
    let series = whole("series_id")?;
    let (first_time, last_time) = (time("first_time")?, time("last_time")?);
    let point = |name, time: i64| -> Option<Box<Point>> {
        let points = batch.column_by_name(name)?.as_struct_opt()?;
        if points.is_null(row) {
            return None;
        }
        read_point(points, row, series, time).map(Box::new)
    };
    let content = match point("sum", first_time) {
        Some(sum) => IntervalContent::Sum(sum),
        None => IntervalContent::Ends {
            first: point("first", first_time)?,
            last: point("last", last_time)?,
            gain: point("gain", last_time),
        },
    };
    Some((
        series,
        HistogramInterval { start: time("start")?, first_time, last_time, points: whole("points")?, content },
    ))
}

fn read_point(points: &StructArray, row: usize, series: u64, time: i64) -> Option<Point> {
    let number = |name| {
        let array = points.column_by_name(name)?.as_primitive_opt::<Float64Type>()?;
        array.is_valid(row).then(|| array.value(row))
    };
    let whole = |name| {
        let array = points.column_by_name(name)?.as_primitive_opt::<UInt64Type>()?;
        array.is_valid(row).then(|| array.value(row) as f64)
    };
    let lists = |name| points.column_by_name(name)?.as_list_opt::<i32>();
    let numbers = |name| values::<Float64Type>(lists(name)?, row);
    let wholes = |name| -> Option<Vec<f64>> {
        Some(values::<UInt64Type>(lists(name)?, row)?.into_iter().map(|count| count as f64).collect())
    };
    let indexed = |indexes, counts| -> Option<BTreeMap<i64, f64>> {
        Some(values::<Int64Type>(lists(indexes)?, row)?.into_iter().zip(wholes(counts)?).collect())
    };
    let scales = points.column_by_name("scale")?.as_primitive_opt::<Int32Type>()?;
    let counts = if scales.is_valid(row) {
        Counts::Exponential(Sparse {
            scale: scales.value(row),
            zero_threshold: number("zero_threshold")?,
            zero: whole("zero_count")?,
            positive: indexed("indexes", "counts")?,
            negative: indexed("negative_indexes", "negative_counts")?,
        })
    } else {
        Counts::Explicit(numbers("bounds")?, wholes("counts")?)
    };
    let start_times = points.column_by_name("start_time")?.as_primitive_opt::<Int64Type>()?;
    Some(Point {
        series,
        time,
        start_time: start_times.is_valid(row).then(|| start_times.value(row)),
        count: whole("count")?,
        sum: number("sum")?,
        min: number("min"),
        max: number("max"),
        absent: false,
        counts,
        quantiles: numbers("quantiles")?.into_iter().zip(numbers("quantile_values")?).collect(),
    })
}

fn values<T: ArrowPrimitiveType>(list: &ListArray, row: usize) -> Option<Vec<T::Native>> {
    if list.is_null(row) {
        return None;
    }
    Some(list.value(row).as_primitive_opt::<T>()?.values().to_vec())
}
