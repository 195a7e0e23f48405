//! Counts of the content of a segment file while it is written.

use std::{collections::HashMap, path::Path};

use model::Timestamp;

use super::{
    file::Written,
    info::{Segment, SegmentShare},
    naming::file_path,
    plan::{NewSegment, SegmentPlan},
    signal::SegmentSignal,
};

/// The totals of a segment file.
#[derive(Default)]
pub(crate) struct Tally {
    first: Option<i64>,
    last: Option<i64>,
    points: u64,
    pub(crate) series: u64,
    services: HashMap<String, u64>,
}

impl Tally {
    /// Adds all rows of a series.
    pub(crate) fn add(&mut self, service: &str, points: u64, first: i64, last: i64) {
        self.add_rows(service, points, first, last);
        self.series += 1;
    }

    /// Adds some rows of a series.
    pub(crate) fn add_rows(&mut self, service: &str, points: u64, first: i64, last: i64) {
        self.first = Some(self.first.map_or(first, |known| known.min(first)));
        self.last = Some(self.last.map_or(last, |known| known.max(last)));
        self.points += points;
        match self.services.get_mut(service) {
            Some(total) => *total += points,
            None => {
                self.services.insert(service.to_owned(), points);
            }
        }
    }

    /// Returns the first and last time.
    pub(crate) fn span(&self) -> (i64, i64) {
        (self.first.unwrap_or_default(), self.last.unwrap_or_default())
    }

    /// Returns whether nothing was added.
    pub(crate) fn is_empty(&self) -> bool {
        self.points == 0
    }

    /// Returns the segment for the table.
    pub(crate) fn segment(
        self,
        plan: SegmentPlan,
        signal: SegmentSignal,
        folder: &Path,
        written: Written,
    ) -> NewSegment {
        let share = |points: u64| {
            let part = u128::from(written.bytes) * u128::from(points) / u128::from(self.points.max(1));
            u64::try_from(part).unwrap_or(u64::MAX)
        };
        let mut services: Vec<_> = self
            .services
            .into_iter()
            .map(|(service, points)| SegmentShare { service, points, bytes: share(points) })
            .collect();
        services.sort_by(|left, right| {
            right.points.cmp(&left.points).then_with(|| left.service.cmp(&right.service))
        });
        Segment {
            id: plan.id,
            signal,
            level: plan.level,
            window: plan.window,
            first: Timestamp(self.first.unwrap_or_default()),
            last: Timestamp(self.last.unwrap_or_default()),
            points: self.points,
            series: self.series,
            bytes: written.bytes,
            checksum: written.checksum,
            head: plan.head,
            pinned: plan.pinned,
            resolution: plan.resolution,
            part_group: plan.part_group,
            retention_tier: plan.retention_tier,
            services,
            path: file_path(folder, signal, plan.resolution, plan.id),
        }
    }
}
