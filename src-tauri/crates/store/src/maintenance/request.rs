//! Requests to the maintenance thread.

use std::{collections::HashSet, path::PathBuf};

use crate::{Changed, retention::plan::RetentionUnit, write::job::Change};

/// A request to the maintenance thread.
pub(crate) enum Request {
    /// Seals everything written so far.
    Seal,
    /// Merges all segments that can be merged.
    Compact,
    /// Deletes segments, all of them or none.
    Drop(Vec<u64>),
    /// Deletes all points of series from the segments, together with a change of tables.
    Remove { series: HashSet<u64>, change: Change, changed: Changed },
    /// Deletes points of services from heads and segments, then series without points and resources
    /// without references. `rows` is set if rows of other tables were deleted.
    ApplyRetention { unsealed: Vec<RetentionUnit>, segments: Vec<(u64, HashSet<String>)>, rows: bool },
    /// Moves the file of a segment to a path in the quarantine, and rebuilds the segment from
    /// points if it can be.
    Quarantine { id: u64, target: PathBuf },
    /// Writes the missing roll-ups of a segment of points.
    AddRollups(u64),
    /// Deletes files that no segment names.
    Sweep,
}
