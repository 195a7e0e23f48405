//! Rows of samples as columns of a file and back.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, RecordBatch, UInt8Array, UInt32Array,
    builder::{Int64Builder, ListBuilder, PrimitiveBuilder},
    cast::AsArray,
    types::{ArrowPrimitiveType, Float64Type, Int32Type, Int64Type, UInt8Type, UInt32Type, UInt64Type},
};
use arrow_schema::{DataType, Field, Schema};

use super::{
    codec::{Numbers, Row, Steps},
    describe,
};
use crate::{StoreError, dictionary::KnownSeries};

/// The column that has few distinct values beside those that describe a row.
pub(crate) const DICTIONARY: &str = "time_steps.list.element";
/// What a row is found by.
pub(crate) const INDEX: [&str; 3] = ["series_id", "first_time", "last_time"];
/// How many points it has.
pub(crate) const COUNTS: [&str; 2] = ["series_id", "points"];
/// What its points are made from.
pub(crate) const POINTS: [&str; 11] = [
    "series_id",
    "first_time",
    "last_time",
    "start_time",
    "start_times",
    "time_steps",
    "decimals",
    "first_number",
    "steps",
    "long_steps",
    "doubles",
];

/// The columns of a file of samples.
pub(crate) fn schema() -> Arc<Schema> {
    let list = |name: &str, of: DataType, nullable: bool| {
        Field::new(name, DataType::List(Arc::new(element(of, name == "start_times"))), nullable)
    };
    let mut fields = describe::fields();
    fields.extend([
        Field::new("points", DataType::UInt32, false),
        Field::new("first_time", DataType::Int64, false),
        Field::new("last_time", DataType::Int64, false),
        Field::new("start_time", DataType::Int64, true),
        list("start_times", DataType::Int64, true),
        list("time_steps", DataType::Int64, false),
        Field::new("decimals", DataType::UInt8, true),
        Field::new("first_number", DataType::Int64, true),
        list("steps", DataType::Int32, true),
        list("long_steps", DataType::Int64, true),
        list("doubles", DataType::Float64, true),
    ]);
    Arc::new(Schema::new(fields))
}

fn element(of: DataType, nullable: bool) -> Field {
    Field::new("element", of, nullable)
}

/// The rows as columns in the order of [`schema`].
pub(crate) fn columns(rows: &[(Arc<KnownSeries>, Row)]) -> Result<RecordBatch, StoreError> {
    let times = |of: &dyn Fn(&Row) -> Option<i64>| -> ArrayRef {
        Arc::new(rows.iter().map(|(_, row)| of(row)).collect::<arrow_array::Int64Array>())
    };
    let mut start_times = ListBuilder::new(Int64Builder::new()).with_field(element(DataType::Int64, true));
    let mut time_steps = lists::<Int64Type>();
    let (mut steps, mut long_steps, mut doubles) =
        (lists::<Int32Type>(), lists::<Int64Type>(), lists::<Float64Type>());
    for (_, row) in rows {
        match &row.start_times {
            Some(starts) => start_times.append_value(starts.iter().copied()),
            None => start_times.append_null(),
        }
        append(&mut time_steps, Some(&row.time_steps));
        let (mut short, mut long, mut raw) = (None, None, None);
        match &row.numbers {
            Numbers::Doubles(values) => raw = Some(values),
            Numbers::Decimals { steps: Steps::Short(values), .. } => short = Some(values),
            Numbers::Decimals { steps: Steps::Long(values), .. } => long = Some(values),
        }
        append(&mut steps, short);
        append(&mut long_steps, long);
        append(&mut doubles, raw);
    }
    let decimals = rows.iter().map(|(_, row)| match row.numbers {
        Numbers::Decimals { decimals, .. } => Some(decimals),
        Numbers::Doubles(_) => None,
    });
    let points = rows.iter().map(|(_, row)| u32::try_from(row.time_steps.len()).unwrap_or(u32::MAX));
    let mut columns = describe::columns(rows.iter().map(|(series, _)| series));
    let own: Vec<ArrayRef> = vec![
        Arc::new(UInt32Array::from_iter_values(points)),
        times(&|row| Some(row.first_time)),
        times(&|row| Some(row.last_time)),
        times(&|row| row.start_time),
        Arc::new(start_times.finish()),
        Arc::new(time_steps.finish()),
        Arc::new(decimals.collect::<UInt8Array>()),
        times(&|row| match row.numbers {
            Numbers::Decimals { first, .. } => Some(first),
            Numbers::Doubles(_) => None,
        }),
        Arc::new(steps.finish()),
        Arc::new(long_steps.finish()),
        Arc::new(doubles.finish()),
    ];
    columns.extend(own);
    Ok(RecordBatch::try_new(schema(), columns)?)
}

fn lists<T: ArrowPrimitiveType>() -> ListBuilder<PrimitiveBuilder<T>> {
    ListBuilder::new(PrimitiveBuilder::new()).with_field(element(T::DATA_TYPE, false))
}

fn append<T: ArrowPrimitiveType>(
    list: &mut ListBuilder<PrimitiveBuilder<T>>,
    values: Option<&Vec<T::Native>>,
) {
    if let Some(values) = values {
        list.values().append_slice(values);
    }
    list.append(values.is_some());
}

/// The rows of a batch with the columns of [`POINTS`], each with its series.
pub(crate) fn rows(batch: &RecordBatch) -> Vec<(u64, Row)> {
    let column = |name: &str| batch.column_by_name(name);
    let long = |name: &str, row: usize| {
        let array = column(name)?.as_primitive_opt::<Int64Type>()?;
        array.is_valid(row).then(|| array.value(row))
    };
    (0..batch.num_rows())
        .filter_map(|row| {
            let series = column("series_id")?.as_primitive_opt::<UInt64Type>()?.value(row);
            let decimals = column("decimals")?.as_primitive_opt::<UInt8Type>()?;
            let numbers = if decimals.is_valid(row) {
                let steps = match values::<Int32Type>(column("steps")?, row) {
                    Some(steps) => Steps::Short(steps),
                    None => Steps::Long(values::<Int64Type>(column("long_steps")?, row)?),
                };
                Numbers::Decimals { decimals: decimals.value(row), first: long("first_number", row)?, steps }
            } else {
                Numbers::Doubles(values::<Float64Type>(column("doubles")?, row)?)
            };
            let start_times = column("start_times")?.as_list_opt::<i32>()?;
            let start_times = start_times
                .is_valid(row)
                .then(|| start_times.value(row))
                .and_then(|starts| Some(starts.as_primitive_opt::<Int64Type>()?.iter().collect()));
            let found = Row {
                first_time: long("first_time", row)?,
                last_time: long("last_time", row)?,
                time_steps: values::<Int64Type>(column("time_steps")?, row)?,
                start_time: long("start_time", row),
                start_times,
                numbers,
            };
            Some((series, found))
        })
        .collect()
}

/// The rows of a batch with the columns of [`COUNTS`].
pub(crate) fn counts(batch: &RecordBatch) -> Vec<(u64, u32)> {
    let series = batch.column_by_name("series_id").and_then(|array| array.as_primitive_opt::<UInt64Type>());
    let points = batch.column_by_name("points").and_then(|array| array.as_primitive_opt::<UInt32Type>());
    let (Some(series), Some(points)) = (series, points) else { return Vec::new() };
    series.values().iter().copied().zip(points.values().iter().copied()).collect()
}

fn values<T: ArrowPrimitiveType>(column: &ArrayRef, row: usize) -> Option<Vec<T::Native>> {
    let list = column.as_list_opt::<i32>()?;
    if list.is_null(row) {
        return None;
    }
    Some(list.value(row).as_primitive_opt::<T>()?.values().to_vec())
}
