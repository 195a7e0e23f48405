//! Files of exemplars: one row each, made by the database itself.

use std::path::Path;

use super::{copy, histograms::describe};
use crate::{
    StoreError,
    layout::PartitionSignal,
    open::{path_text, quote},
    partition::{DESCRIBING, NewPartition, Plan, exemplars},
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
    let union = exemplars::union(sources, condition);
    let ids = reader.rows(&format!("SELECT DISTINCT series_id FROM {union}"), &[], |row| Ok(row.get(0)?))?;
    let described = describe(reader, ids, &plan, folder)?;
    let select = format!(
        "SELECT {}, {} FROM {union} p JOIN read_parquet({}) s ON s.series_id = p.series_id \
         ORDER BY metric, p.series_id, p.time",
        DESCRIBING.map(|name| format!("s.{name}")).join(", "),
        exemplars::NAMES.map(|name| format!("p.{name}")).join(", "),
        quote(path_text(&described.0)?),
    );
    copy::write(reader, &select, PartitionSignal::Exemplars, ("time", "time", "1"), plan, folder)
}
