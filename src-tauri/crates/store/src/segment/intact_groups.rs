//! The intact row groups of a damaged segment file, as a file of their own.

use std::ops::Range;

use parquet::file::metadata::{
    FileMetaData, ParquetMetaData, ParquetMetaDataBuilder, ParquetMetaDataReader, ParquetMetaDataWriter,
    RowGroupMetaData,
};

use super::parity::Parity;
use crate::StoreError;

/// The first bytes of a Parquet file.
const MARK: &[u8; 4] = b"PAR1";

/// Returns a Parquet file of the row groups that are unchanged in what is left of a segment file.
/// They stay where they are, and a new footer names them alone. Returns none if there are none.
pub(crate) fn intact_groups(left: &[u8], parity: &Parity) -> Result<Option<Vec<u8>>, StoreError> {
    if parity.footer().is_empty() {
        return Ok(None);
    }
    let metadata = ParquetMetaDataReader::decode_metadata(parity.footer())?;
    let is_intact = |group: &&RowGroupMetaData| {
        ranges(group).all(|range| range.is_some_and(|range| parity.is_intact(left, &range)))
    };
    let groups: Vec<RowGroupMetaData> = metadata.row_groups().iter().filter(is_intact).cloned().collect();
    let end = groups.iter().flat_map(ranges).flatten().map(|range| range.end).max().unwrap_or_default();
    let Some(content) = left.get(MARK.len()..end).filter(|_| !groups.is_empty()) else { return Ok(None) };
    let mut file = [MARK, content].concat();
    ParquetMetaDataWriter::new(&mut file, &with_groups(&metadata, groups)).finish()?;
    Ok(Some(file))
}

/// Returns the positions of the columns of a row group, where they are valid.
fn ranges(group: &RowGroupMetaData) -> impl Iterator<Item = Option<Range<usize>>> {
    group.columns().iter().map(|column| {
        let (start, length) = column.byte_range();
        let start = usize::try_from(start).ok()?;
        Some(start..start.checked_add(usize::try_from(length).ok()?)?)
    })
}

fn with_groups(metadata: &ParquetMetaData, groups: Vec<RowGroupMetaData>) -> ParquetMetaData {
    let of = metadata.file_metadata();
    let file = FileMetaData::new(
        of.version(),
        groups.iter().map(RowGroupMetaData::num_rows).sum(),
        of.created_by().map(str::to_owned),
        of.key_value_metadata().cloned(),
        of.schema_descr_ptr(),
        of.column_orders().cloned(),
    );
    ParquetMetaDataBuilder::new(file).set_row_groups(groups).build()
}
