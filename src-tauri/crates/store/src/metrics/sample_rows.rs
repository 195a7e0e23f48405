//! Reading of the rows of a file of samples.

use arrow_array::{
    Array, ArrayRef, RecordBatch,
    cast::AsArray,
    types::{
        ArrowPrimitiveType, Float32Type, Float64Type, Int32Type, Int64Type, UInt8Type, UInt32Type, UInt64Type,
    },
};

use super::{
    sample_codec::SampleRow,
    sample_columns::{LARGE, SMALL},
};
use crate::segment::codec::{Deltas, Numbers};

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
    use std::{fs::File, sync::Arc};

    use arrow_array::{Float64Array, Int64Array, ListArray};
    use duckdb::Connection;
    use parquet::arrow::{ArrowWriter, arrow_reader::ParquetRecordBatchReaderBuilder};

    use super::*;
    use crate::{
        catalog::series::SeriesEntry,
        metrics::{
            points::Points,
            sample_codec,
            sample_columns::{columns, schema, table},
        },
    };

    /// Series with small deltas, with large ones, and with values that are not decimal numbers.
    fn written() -> Vec<(Arc<SeriesEntry>, SampleRow)> {
        let values: [fn(i64) -> f64; 3] =
            [|n| n as f64 / 4.0, |n| (n * 1_000_000_007) as f64, |n| 1.0 / (n + 3) as f64];
        let rows = values.iter().zip(1..).map(|(value, id)| {
            let points = Points::from_arrivals((0..9).map(|n| (n, n, None, value(n * n))).collect());
            let series = model::Series::gauge("level", "", Arc::default(), model::Attributes::new());
            (Arc::new(SeriesEntry::with_id(id, &series)), sample_codec::encode(&points))
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
