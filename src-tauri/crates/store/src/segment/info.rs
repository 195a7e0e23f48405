//! The description of one segment.

use std::path::PathBuf;

use model::{DataResolution, TimeRange, Timestamp};

use super::signal::SegmentSignal;

/// A sealed interval of one signal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Its number, never used again.
    pub id: u64,
    /// The signal it holds.
    pub signal: SegmentSignal,
    /// Length of its window: 0 for 4 hours, 1 for a day, 2 for 30 days, 3 for all of time.
    pub level: u8,
    /// The window, aligned to the epoch.
    pub window: TimeRange,
    /// Time of the first point.
    pub first: Timestamp,
    /// Time of the last point.
    pub last: Timestamp,
    /// Number of points.
    pub points: u64,
    /// Number of series.
    pub series: u64,
    /// Length of the file in bytes.
    pub bytes: u64,
    /// XXH3-128 of the file, as 32 hexadecimal digits.
    pub checksum: String,
    /// The newest head whose points are in it. Points of a greater head are newer.
    pub head: u64,
    /// Set where retention must not delete it.
    pub pinned: bool,
    /// Resolution of its content: points, or roll-ups by the minute or hour.
    pub resolution: DataResolution,
    /// The id of the segment of points that this one is made of; its own if it holds points.
    pub part_group: u64,
    /// The age limit it falls under: that of points, of minutes or of hours. Points too sparse for
    /// a roll-up are retained as long as the roll-up would be.
    pub retention_tier: DataResolution,
    /// The share of each service, the largest first.
    pub services: Vec<SegmentShare>,
    /// The file.
    pub path: PathBuf,
}

impl Segment {
    /// Returns whether it holds data at full resolution: neither roll-ups nor annotations.
    pub(crate) fn holds_points(&self) -> bool {
        self.resolution == DataResolution::Points && !self.signal.is_annotation()
    }
}

/// The share of one service in a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentShare {
    /// The service.
    pub service: String,
    /// Its points.
    pub points: u64,
    /// Its part of the file, in bytes.
    pub bytes: u64,
}
