//! Rows of samples as columns of a file and back.
//!
//! Deltas are integers written as floating-point numbers. An offset moves them to where the lowest
//! bytes of a float are the bytes of the integer. Parquet can store the bytes of floating-point
//! columns separately by position, which compresses best and is understood by every reader.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, RecordBatch, UInt8Array, UInt32Array,
    builder::{Int64Builder, ListBuilder, PrimitiveBuilder},
    cast::AsArray,
    types::{
        ArrowPrimitiveType, Float32Type, Float64Type, Int32Type, Int64Type, UInt8Type, UInt32Type, UInt64Type,
    },
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
const SMALL: f32 = 12_582_912.0;
/// The offset of deltas written as doubles: 1.5 * 2^52.
const LARGE: f64 = 6_755_399_441_055_744.0;
/// Columns that rows are found by.
pub(crate) const INDEX: [&str; 3] = ["series_id", "first_time", "last_time"];
/// Columns with the number of points.
pub(crate) const COUNTS: [&str; 2] = ["series_id", "points"];
/// Columns that points are decoded from.
pub(crate) const POINTS: [&str; 13] = [
    "series_id",
    "first_time",
    "last_time",
    "start_time",
    "start_times",
    "time_steps",
    "decimals",
    "first_number",
    "small_steps",
    "large_steps",
    "doubles",
    // Files of format 2 and earlier have these.
    "steps",
    "long_steps",
];

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
    let mut columns = series_columns::columns(rows.iter().map(|(series, _)| series));
    let own: Vec<ArrayRef> = vec![
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

/// Reads the rows of a batch with the columns of [`POINTS`], each with its series.
pub(crate) fn rows(batch: &RecordBatch) -> Vec<(u64, SampleRow)> {
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
                let (decimals, first) = (decimals.value(row), long("first_number", row)?);
                Numbers::Decimals { decimals, first, deltas: deltas(batch, row)? }
            } else {
                Numbers::Doubles(values::<Float64Type>(column("doubles")?, row)?)
            };
            let start_times = column("start_times")?.as_list_opt::<i32>()?;
            let start_times = start_times
                .is_valid(row)
                .then(|| start_times.value(row))
                .and_then(|starts| Some(starts.as_primitive_opt::<Int64Type>()?.iter().collect()));
            let found = SampleRow {
                first_time: long("first_time", row)?,
                last_time: long("last_time", row)?,
                time_deltas: values::<Int64Type>(column("time_steps")?, row)?,
                start_time: long("start_time", row),
                start_times,
                numbers,
            };
            Some((series, found))
        })
        .collect()
}

/// Reads the deltas of a row from the column that has them.
fn deltas(batch: &RecordBatch, row: usize) -> Option<Deltas> {
    let column = |name: &str| batch.column_by_name(name);
    let small = || values::<Float32Type>(column("small_steps")?, row);
    let large = || values::<Float64Type>(column("large_steps")?, row);
    let short = || values::<Int32Type>(column("steps")?, row);
    let long = || values::<Int64Type>(column("long_steps")?, row);
    if let Some(small) = small() {
        Some(Deltas::Short(small.into_iter().map(|delta| (delta - SMALL) as i32).collect()))
    } else if let Some(large) = large() {
        Some(Deltas::Long(large.into_iter().map(|delta| (delta - LARGE) as i64).collect()))
    } else {
        short().map(Deltas::Short).or_else(|| long().map(Deltas::Long))
    }
}

/// Reads series and number of points from a batch with the columns of [`COUNTS`].
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

#[cfg(test)]
mod tests {
    use std::fs::File;

    use arrow_array::{Float64Array, Int64Array, ListArray};
    use duckdb::Connection;
    use parquet::arrow::{ArrowWriter, arrow_reader::ParquetRecordBatchReaderBuilder};

    use super::*;
    use crate::metrics::{points::Points, sample_codec};

    /// Series with small deltas, with large ones, and with values that are not decimal numbers.
    fn written() -> Vec<(Arc<SeriesEntry>, SampleRow)> {
        let values: [fn(i64) -> f64; 3] =
            [|n| n as f64 / 4.0, |n| (n * 1_000_000_007) as f64, |n| 1.0 / (n + 3) as f64];
        let rows = values.iter().zip(1..).map(|(value, id)| {
            let points = Points::from_arrivals((0..9).map(|n| (n, n, None, value(n * n))).collect());
            let series = model::Series::gauge("level", "", Arc::default(), model::Attributes::new());
            (Arc::new(SeriesEntry::new(id, &series)), sample_codec::encode(&points))
        });
        rows.collect()
    }

    #[test]
    fn files_are_read_here_and_by_the_database_also_those_of_older_versions() {
        let rows = written();
        let folder = tempfile::tempdir().unwrap();
        let (file, older) = (folder.path().join("new.parquet"), folder.path().join("older.parquet"));
        let batch = columns(&rows).unwrap();
        let mut writer = ArrowWriter::try_new(File::create(&file).unwrap(), schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        let database = Connection::open_in_memory().unwrap();
        let copy = format!(
            "COPY (SELECT * EXCLUDE (small_steps, large_steps), \
               list_transform(small_steps, lambda step: CAST(step - 12582912 AS INTEGER)) AS steps, \
               list_transform(large_steps, lambda step: CAST(step - 6755399441055744 AS BIGINT)) AS long_steps \
             FROM '{}') TO '{}' (FORMAT parquet, COMPRESSION zstd)",
            file.display(),
            older.display()
        );
        database.execute_batch(&copy).unwrap();
        for file in [file, older] {
            let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&file).unwrap()).unwrap();
            let back: Vec<_> =
                reader.build().unwrap().flat_map(|batch| super::rows(&batch.unwrap())).collect();
            let expected: Vec<_> = rows.iter().map(|(series, row)| (series.id, row.clone())).collect();
            assert_eq!(back, expected, "{}", file.display());

            let sql = format!(
                "SELECT numbers, doubles FROM {} ORDER BY series_id",
                table(&format!("'{}'", file.display()))
            );
            let mut statement = database.prepare(&sql).unwrap();
            let batches: Vec<_> = statement.query_arrow([]).unwrap().collect();
            let list = |column: usize, row: usize| {
                let list: &ListArray = batches[0].column(column).as_list();
                list.is_valid(row).then(|| list.value(row))
            };
            for (position, (_, row)) in rows.iter().enumerate() {
                let numbers = list(0, position).map(|numbers| numbers.as_primitive::<Int64Type>().clone());
                let doubles = list(1, position).map(|doubles| doubles.as_primitive::<Float64Type>().clone());
                let (deltas, values) = match &row.numbers {
                    Numbers::Doubles(values) => (None, Some(Float64Array::from(values.clone()))),
                    Numbers::Decimals { deltas: Deltas::Short(deltas), .. } => (
                        Some(deltas.iter().map(|delta| Some(i64::from(*delta))).collect::<Int64Array>()),
                        None,
                    ),
                    Numbers::Decimals { deltas: Deltas::Long(deltas), .. } => {
                        (Some(Int64Array::from(deltas.clone())), None)
                    }
                };
                assert_eq!((numbers, doubles), (deltas, values));
            }
        }
    }
}
