//! Files of exemplars: one row each, made by the database itself.

use std::path::Path;

use super::histograms::write_described;
use crate::{
    StoreError,
    layout::PartitionSignal,
    partition::{NewPartition, Plan, exemplars},
    reader::Reader,
};

/// Writes the exemplars of sources that meet a condition to a file, each once; none if there are none.
pub(super) fn write(
    reader: &Reader,
    sources: &[String],
    condition: &str,
    plan: Plan,
    folder: &Path,
) -> Result<Option<NewPartition>, StoreError> {
    let columns = exemplars::NAMES.map(|name| format!("p.{name}")).join(", ");
    let rows = exemplars::union(sources, condition);
    write_described(reader, PartitionSignal::Exemplars, (&rows, &rows), &columns, plan, folder)
}
