//! Compaction: segments of one window become one, with each point once.

use std::{collections::HashSet, sync::Arc};

use model::DataResolution;

use super::{LATENESS, Maintenance, events::MaintenanceEvent};
use crate::{
    StoreError,
    database::sql::quote,
    segment::{
        checksum::verify_unchanged,
        compaction::{Merge, plan_merges},
        copy,
        naming::file_path,
        plan::{NewSegment, SealPlan, SegmentPlan},
        segment_file::SegmentFile,
        signal_segments::SegmentContext,
    },
    signals,
};

/// Files of this format or later have their roll-ups beside them.
const FORMAT_WITH_ROLLUPS: u8 = 2;

impl Maintenance {
    /// Performs all merges that are due at `now`, or all possible ones without it.
    pub(super) fn compact(&mut self, now: Option<i64>) -> Result<(), StoreError> {
        let until = now.map(|now| now.saturating_sub(LATENESS));
        let merges = plan_merges(&self.manifest.current(), until);
        let of = merges.len();
        for (done, merge) in merges.into_iter().enumerate() {
            let (new, replaced) = self.merge(&merge, done, of)?;
            self.publish(new, replaced, |_| Ok(0))?;
        }
        Ok(())
    }

    /// Rewrites the newest file of points of an early format, with its missing roll-ups. Returns
    /// false if there is none.
    pub(super) fn upgrade_segment(&mut self) -> Result<bool, StoreError> {
        let mut statement = self.connection.prepare(&format!(
            "SELECT id FROM segments WHERE format < {FORMAT_WITH_ROLLUPS} AND resolution = 'points'"
        ))?;
        let old: HashSet<u64> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        let manifest = self.manifest.current();
        let readable = |file: &&Arc<SegmentFile>| old.contains(&file.info.id) && file.fault().is_none();
        let newest = manifest.segments.iter().filter(readable).max_by_key(|file| file.info.last);
        let Some(file) = newest else { return Ok(false) };
        let merge = Merge { level: file.info.level, window: file.info.window, files: vec![Arc::clone(file)] };
        let (new, replaced) = self.merge(&merge, 0, 1)?;
        self.publish(new, replaced, |_| Ok(0))?;
        Ok(true)
    }

    /// Writes the points of a merge with their roll-ups. Returns the new files and the ids they
    /// replace.
    fn merge(
        &self,
        merge: &Merge,
        done: usize,
        of: usize,
    ) -> Result<(Vec<NewSegment>, Vec<u64>), StoreError> {
        let newest = merge.files.iter().map(|file| &file.info).max_by_key(|info| info.head);
        let Some((signal, head)) = newest.map(|info| (info.signal, info.head)) else {
            return Ok((Vec::new(), Vec::new()));
        };
        let pinned = merge.files.iter().any(|file| file.info.pinned);
        let plan = SealPlan { level: merge.level, window: merge.window, head, pinned };
        let path = file_path(&self.manifest.folder, signal, DataResolution::Points, self.ids.upcoming());
        self.observer.notify(MaintenanceEvent::Write { path, done, of });
        let reader = self.reader()?;
        let context = self.context(&reader);
        for file in &merge.files {
            // Damage since the last read must not get into a file with a valid checksum.
            reader.mark_if_faulty(file, verify_unchanged(&file.info))?;
        }
        let points = signals::segments_of(signal).merge(context, &merge.files, plan)?;
        self.observer.notify(MaintenanceEvent::RollUp);
        let mut new = self.with_rollups(context, points)?;
        let mut replaced: Vec<u64> = merge.files.iter().map(|file| file.info.id).collect();
        for file in &merge.files {
            let (rewritten, obsolete) = self.replace_rollups(context, file)?;
            new.extend(rewritten);
            replaced.extend(obsolete);
        }
        Ok((new, replaced))
    }

    /// Removes the roll-ups of a file of points, but for services whose points have expired.
    /// Returns the new files and the ids they replace.
    fn replace_rollups(
        &self,
        context: SegmentContext<'_>,
        points: &SegmentFile,
    ) -> Result<(Vec<NewSegment>, Vec<u64>), StoreError> {
        let has_points = |service: &str| points.info.services.iter().any(|share| share.service == service);
        let (mut new, mut replaced) = (Vec::new(), Vec::new());
        for file in &self.manifest.current().segments {
            let info = &file.info;
            if info.part_group != points.info.part_group || info.resolution == DataResolution::Points {
                continue;
            }
            let expired: Vec<String> = info
                .services
                .iter()
                .filter(|share| !has_points(&share.service))
                .map(|share| quote(&share.service))
                .collect();
            if expired.is_empty() {
                replaced.push(info.id);
            } else if file.fault().is_none() {
                context.reader.mark_if_faulty(file, verify_unchanged(info))?;
                let condition = format!("service IN ({})", expired.join(","));
                let plan = SegmentPlan::replacement_of(info, self.ids.next());
                let columns = signals::segments_of(info.signal).row_columns(info.resolution);
                new.extend(copy::rewrite_rows(
                    context.reader,
                    info,
                    &condition,
                    columns,
                    plan,
                    context.folder,
                )?);
                replaced.push(info.id);
            }
        }
        Ok((new, replaced))
    }
}
