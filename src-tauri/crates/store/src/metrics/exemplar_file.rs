//! Writing of segment files of exemplars, one row each, by the database.

use std::path::Path;

use super::{exemplars, histogram_file::write_with_series};
use crate::{
    StoreError,
    read::reader::Reader,
    segment::{
        plan::{NewSegment, SegmentPlan},
        signal::SegmentSignal,
    },
};

/// Writes the exemplars of sources that meet a condition to a file, each once. Returns none if
/// there are none.
pub(crate) fn write(
    reader: &Reader,
    sources: &[String],
    condition: &str,
    plan: SegmentPlan,
    folder: &Path,
) -> Result<Option<NewSegment>, StoreError> {
    let columns = exemplars::NAMES.map(|name| format!("p.{name}")).join(", ");
    let rows = exemplars::union(sources, condition);
    write_with_series(reader, SegmentSignal::Exemplars, (&rows, &rows), &columns, plan, folder)
}
