//! The columns of a file of samples.
//!
//! Deltas are integers written as floating-point numbers. An offset moves them to where the lowest
//! bytes of a float are the bytes of the integer. Parquet can store the bytes of floating-point
//! columns separately by position, which compresses best and is understood by every reader.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, RecordBatch, UInt8Array, UInt32Array,
    builder::{Int64Builder, ListBuilder, PrimitiveBuilder},
    types::{ArrowPrimitiveType, Float32Type, Float64Type, Int64Type},
};
use arrow_schema::{DataType, Field, Schema};

use super::{sample_codec::SampleRow, series_columns};
use crate::{
    StoreError,
    catalog::series::SeriesEntry,
    segment::codec::{Deltas, Numbers},
};

/// The column with few distinct values, beside those of the series.
pub(crate) const DICTIONARY: &str = "time_steps.list.element";
/// The offset of deltas written as floats: 1.5 * 2^23.
pub(super) const SMALL: f32 = 12_582_912.0;
/// The offset of deltas written as doubles: 1.5 * 2^52.
pub(super) const LARGE: f64 = 6_755_399_441_055_744.0;

/// Returns a table of a statement with the columns of a file of samples, `file_row_number`, and
/// `numbers`, the deltas of its rows. `file` is quoted.
pub(crate) fn table(file: &str) -> String {
    format!(
        "(SELECT *, coalesce(list_transform(small_steps, lambda step: CAST(step AS BIGINT) - {SMALL}::BIGINT), \
           list_transform(large_steps, lambda step: CAST(step AS BIGINT) - {LARGE}::BIGINT), \
           CAST(steps AS BIGINT[]), long_steps) AS numbers \
         FROM (SELECT * FROM read_parquet({file}, file_row_number = true) UNION ALL BY NAME \
           SELECT NULL::FLOAT[] AS small_steps, NULL::DOUBLE[] AS large_steps, NULL::INTEGER[] AS steps, \
           NULL::BIGINT[] AS long_steps WHERE false))"
    )
}

/// Returns the columns of a file of samples.
pub(crate) fn schema() -> Arc<Schema> {
    let list = |name: &str, of: DataType, nullable: bool| {
        Field::new(name, DataType::List(Arc::new(element(of, name == "start_times"))), nullable)
    };
    let mut fields = series_columns::fields();
    fields.extend([
        Field::new("points", DataType::UInt32, false),
        Field::new("first_time", DataType::Int64, false),
        Field::new("last_time", DataType::Int64, false),
        Field::new("start_time", DataType::Int64, true),
        list("start_times", DataType::Int64, true),
        list("time_steps", DataType::Int64, false),
        Field::new("decimals", DataType::UInt8, true),
        Field::new("first_number", DataType::Int64, true),
        list("small_steps", DataType::Float32, true),
        list("large_steps", DataType::Float64, true),
        list("doubles", DataType::Float64, true),
    ]);
    Arc::new(Schema::new(fields))
}

fn element(of: DataType, nullable: bool) -> Field {
    Field::new("element", of, nullable)
}

/// Converts rows to columns in the order of [`schema`].
pub(crate) fn columns(rows: &[(Arc<SeriesEntry>, SampleRow)]) -> Result<RecordBatch, StoreError> {
    let times = |of: &dyn Fn(&SampleRow) -> Option<i64>| -> ArrayRef {
        Arc::new(rows.iter().map(|(_, row)| of(row)).collect::<arrow_array::Int64Array>())
    };
    let mut start_times = ListBuilder::new(Int64Builder::new()).with_field(element(DataType::Int64, true));
    let mut time_deltas = lists::<Int64Type>();
    let (mut small, mut large, mut doubles) =
        (lists::<Float32Type>(), lists::<Float64Type>(), lists::<Float64Type>());
    for (_, row) in rows {
        match &row.start_times {
            Some(starts) => start_times.append_value(starts.iter().copied()),
            None => start_times.append_null(),
        }
        append(&mut time_deltas, Some(&row.time_deltas));
        let (mut short, mut long, mut raw) = (None, None, None);
        match &row.numbers {
            Numbers::Doubles(values) => raw = Some(values),
            Numbers::Decimals { deltas: Deltas::Short(deltas), .. } => {
                short = Some(deltas.iter().map(|delta| *delta as f32 + SMALL).collect());
            }
            Numbers::Decimals { deltas: Deltas::Long(deltas), .. } => {
                long = Some(deltas.iter().map(|delta| *delta as f64 + LARGE).collect());
            }
        }
        append(&mut small, short.as_ref());
        append(&mut large, long.as_ref());
        append(&mut doubles, raw);
    }
    let decimals = rows.iter().map(|(_, row)| match row.numbers {
        Numbers::Decimals { decimals, .. } => Some(decimals),
        Numbers::Doubles(_) => None,
    });
    let points = rows.iter().map(|(_, row)| u32::try_from(row.time_deltas.len()).unwrap_or(u32::MAX));
    let mut columns = series_columns::columns(rows.iter().map(|(series, _)| series))?;
    let own_columns: Vec<ArrayRef> = vec![
        Arc::new(UInt32Array::from_iter_values(points)),
        times(&|row| Some(row.first_time)),
        times(&|row| Some(row.last_time)),
        times(&|row| row.start_time),
        Arc::new(start_times.finish()),
        Arc::new(time_deltas.finish()),
        Arc::new(decimals.collect::<UInt8Array>()),
        times(&|row| match row.numbers {
            Numbers::Decimals { first, .. } => Some(first),
            Numbers::Doubles(_) => None,
        }),
        Arc::new(small.finish()),
        Arc::new(large.finish()),
        Arc::new(doubles.finish()),
    ];
    columns.extend(own_columns);
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
