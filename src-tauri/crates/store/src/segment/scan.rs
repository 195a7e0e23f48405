//! Reading of a segment file: only the selected row groups, rows and columns.

use std::{fs::File, ops::Range, path::Path};

use arrow_array::{RecordBatch, cast::AsArray, types::Int64Type, types::UInt64Type};
use parquet::{
    arrow::{
        ProjectionMask,
        arrow_reader::{
            ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection,
        },
    },
    file::{metadata::RowGroupMetaData, statistics::Statistics},
};

use crate::{StoreError, database::paths::file_error};

/// The rows that a read selects, in terms of the statistics of row groups.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowGroupFilter<'ids> {
    /// A text column with the first and the last value selected.
    pub(crate) names: Option<(&'static str, &'ids str, &'ids str)>,
    /// A column of numbers with the selected ones, ascending.
    pub(crate) ids: (&'static str, &'ids [u64]),
}

/// An open segment file.
pub(crate) struct Scan {
    file: File,
    metadata: ArrowReaderMetadata,
}

/// Reads the Parquet metadata of a file.
pub(crate) fn read_metadata(path: &Path) -> Result<ArrowReaderMetadata, StoreError> {
    let file = File::open(path).map_err(|error| file_error(path, &error))?;
    Ok(ArrowReaderMetadata::load(&file, ArrowReaderOptions::new())?)
}

impl Scan {
    pub(crate) fn open(path: &Path, metadata: ArrowReaderMetadata) -> Result<Self, StoreError> {
        let file = File::open(path).map_err(|error| file_error(path, &error))?;
        Ok(Self { file, metadata })
    }

    /// Returns the row groups that may hold selected rows.
    pub(crate) fn groups(&self, filter: RowGroupFilter<'_>) -> Vec<usize> {
        let groups = self.metadata.metadata().row_groups().iter().enumerate();
        groups.filter(|(_, group)| may_hold(group, filter)).map(|(position, _)| position).collect()
    }

    /// Returns every row group.
    pub(crate) fn all_groups(&self) -> Vec<usize> {
        (0..self.metadata.metadata().num_row_groups()).collect()
    }

    /// Returns the number of rows in one row group.
    pub(crate) fn group_rows(&self, group: usize) -> usize {
        let groups = self.metadata.metadata().row_groups();
        groups.get(group).map_or(0, |group| usize::try_from(group.num_rows()).unwrap_or_default())
    }

    /// Reads columns of the rows of one row group: those in ascending ranges, or all.
    pub(crate) fn read(
        &self,
        group: usize,
        columns: &[&str],
        rows: Option<&[Range<usize>]>,
        mut take: impl FnMut(&RecordBatch) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let file = self.file.try_clone().map_err(|error| StoreError::Database(error.to_string()))?;
        let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone());
        let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
        builder = builder.with_projection(mask).with_row_groups(vec![group]).with_batch_size(1024);
        if let Some(ranges) = rows {
            let all = self.group_rows(group);
            let selection = RowSelection::from_consecutive_ranges(ranges.iter().cloned(), all);
            builder = builder.with_row_selection(selection);
        }
        for batch in builder.build()? {
            take(&batch?)?;
        }
        Ok(())
    }

    /// Calls back with each row of one row group, its id and two times.
    pub(crate) fn each_row(
        &self,
        group: usize,
        columns: [&str; 3],
        mut take: impl FnMut(usize, u64, i64, i64),
    ) -> Result<(), StoreError> {
        self.find(group, columns, |row, series, first, last| {
            take(row, series, first, last);
            false
        })?;
        Ok(())
    }

    /// Finds the rows of one row group that a predicate on position, id and two times accepts, as
    /// ascending ranges. `columns` are those of the id and the times.
    pub(crate) fn find(
        &self,
        group: usize,
        columns: [&str; 3],
        mut accept: impl FnMut(usize, u64, i64, i64) -> bool,
    ) -> Result<Vec<Range<usize>>, StoreError> {
        let mut ranges: Vec<Range<usize>> = Vec::new();
        let mut row = 0;
        self.read(group, &columns, None, |batch| {
            let column = |name| batch.column_by_name(name);
            let series = column(columns[0]).and_then(|array| array.as_primitive_opt::<UInt64Type>());
            let first = column(columns[1]).and_then(|array| array.as_primitive_opt::<Int64Type>());
            let last = column(columns[2]).and_then(|array| array.as_primitive_opt::<Int64Type>());
            let (Some(series), Some(first), Some(last)) = (series, first, last) else {
                return Err(StoreError::Database("a column is missing".to_owned()));
            };
            for index in 0..series.len() {
                if accept(row, series.value(index), first.value(index), last.value(index)) {
                    match ranges.last_mut() {
                        Some(range) if range.end == row => range.end = row + 1,
                        _ => ranges.push(row..row + 1),
                    }
                }
                row += 1;
            }
            Ok(())
        })?;
        Ok(ranges)
    }
}

fn may_hold(group: &RowGroupMetaData, filter: RowGroupFilter<'_>) -> bool {
    let statistics = |name: &str| {
        let column = group.columns().iter().find(|column| column.column_path().string() == name);
        column.and_then(|column| column.statistics())
    };
    if let Some((column, first, last)) = filter.names
        && let Some(Statistics::ByteArray(names)) = statistics(column)
    {
        // Long names are truncated in the statistics, downwards at the lower end and upwards at the
        // upper.
        let below = names.min_bytes_opt().is_some_and(|min| last.as_bytes() < min);
        let above = names.max_bytes_opt().is_some_and(|max| first.as_bytes() > max);
        if below || above {
            return false;
        }
    }
    let (column, selected) = filter.ids;
    let Some(Statistics::Int64(ids)) = statistics(column) else { return true };
    let (Some(min), Some(max)) = (ids.min_opt(), ids.max_opt()) else { return true };
    let from = selected.partition_point(|id| *id < min.cast_unsigned());
    selected.get(from).is_some_and(|id| *id <= max.cast_unsigned())
}
