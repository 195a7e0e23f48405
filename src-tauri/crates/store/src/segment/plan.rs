//! Plans of new segment files, and the allocation of their ids.

use std::sync::atomic::{AtomicU64, Ordering};

use duckdb::Connection;
use model::{DataResolution, TimeRange};

use super::info::Segment;
use crate::StoreError;

/// A segment whose file is written and that has no row in the segment table yet.
pub(crate) type NewSegment = Segment;

/// The properties of a segment file that is to be written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SegmentPlan {
    pub(crate) id: u64,
    pub(crate) level: u8,
    pub(crate) window: TimeRange,
    pub(crate) head: u64,
    pub(crate) resolution: DataResolution,
    pub(crate) part_group: u64,
    pub(crate) retention_tier: DataResolution,
    pub(crate) pinned: bool,
}

impl SegmentPlan {
    /// Plans the replacement of a segment.
    pub(crate) fn replacement_of(info: &Segment, id: u64) -> Self {
        Self {
            id,
            level: info.level,
            window: info.window,
            head: info.head,
            resolution: info.resolution,
            part_group: info.part_group,
            retention_tier: info.retention_tier,
            pinned: info.pinned,
        }
    }

    /// Returns the zstd level: fast for files that are soon merged, small for those that stay.
    pub(crate) fn zstd_level(&self) -> i32 {
        if self.level == 0 { 5 } else { 19 }
    }
}

/// The properties that all files of one window share.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SealPlan {
    pub(crate) level: u8,
    pub(crate) window: TimeRange,
    pub(crate) head: u64,
    pub(crate) pinned: bool,
}

impl SealPlan {
    /// Plans the file of the points of a retention tier.
    pub(crate) fn points(self, retention_tier: DataResolution, id: u64) -> SegmentPlan {
        let Self { level, window, head, pinned } = self;
        SegmentPlan {
            id,
            level,
            window,
            head,
            resolution: DataResolution::Points,
            part_group: id,
            retention_tier,
            pinned,
        }
    }
}

/// The allocator of segment ids.
#[derive(Debug)]
pub(crate) struct SegmentIds(AtomicU64);

impl SegmentIds {
    /// Starts after the greatest id that a segment has or had.
    pub(crate) fn open(connection: &Connection) -> Result<Self, StoreError> {
        let last: u64 = connection.query_row("SELECT last_segment FROM manifest", [], |row| row.get(0))?;
        Ok(Self(AtomicU64::new(last + 1)))
    }

    /// Returns the id that [`Self::next`] will return.
    pub(crate) fn upcoming(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Allocates an id.
    pub(crate) fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}
