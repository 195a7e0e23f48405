//! The deletion of data that a retention plan selects.

use std::{collections::HashSet, sync::Arc};

use super::{plan::RetentionUnit, unsealed};
use crate::{
    Changed, StoreError,
    maintenance::{Maintenance, points_of},
    segment::segment_file::SegmentFile,
    write::job::{Change, Work},
};

impl Maintenance {
    /// Deletes points from heads and segments, then series without points and resources without
    /// references. `rows` is set if rows of other tables were deleted. Returns the number of points
    /// deleted.
    pub(crate) fn apply_retention(
        &mut self,
        units: Vec<RetentionUnit>,
        expired: &[(u64, HashSet<String>)],
        rows: bool,
    ) -> Result<u64, StoreError> {
        self.gc_is_due |= rows || !units.is_empty() || !expired.is_empty();
        let mut deleted = 0;
        if !units.is_empty() {
            // Nothing is sealed meanwhile, for this thread does that too.
            let change: Change = Box::new(move |connection| unsealed::delete(connection, &units));
            let changed = Changed { samples: true, ..Changed::default() };
            deleted += self.submit(Work::History { change, changed })?;
        }
        deleted += self.delete_sealed(expired)?;
        if self.gc_is_due {
            self.gc()?;
            self.gc_is_due = false;
        }
        Ok(deleted)
    }

    /// Deletes the points of services from segments. A segment with no other service is deleted
    /// whole; others are rewritten, each in a commit of its own. A segment that was replaced
    /// meanwhile is skipped until the next time. Returns the number of points deleted.
    fn delete_sealed(&mut self, expired: &[(u64, HashSet<String>)]) -> Result<u64, StoreError> {
        let mut whole = Vec::new();
        let mut deleted = 0;
        for (id, services) in expired {
            let manifest = self.manifest.current();
            let Some(file) = manifest.segments.iter().find(|file| file.info.id == *id) else { continue };
            if file.info.services.iter().all(|share| services.contains(&share.service)) {
                whole.push(*id);
            } else {
                deleted += self.rewrite_without(&Arc::clone(file), services)?;
            }
        }
        if !whole.is_empty() {
            deleted += self.points(&whole);
            self.publish(Vec::new(), whole, |_| Ok(0))?;
        }
        Ok(deleted)
    }

    fn rewrite_without(
        &mut self,
        file: &Arc<SegmentFile>,
        services: &HashSet<String>,
    ) -> Result<u64, StoreError> {
        let series = self.catalog.series_of(services);
        let new = self.rewrite(file, &series)?;
        let new: Vec<_> = new.into_iter().collect();
        let left = points_of(&new);
        let before = if file.info.holds_points() { file.info.points } else { 0 };
        self.publish(new, vec![file.info.id], |_| Ok(0))?;
        Ok(before.saturating_sub(left))
    }
}
