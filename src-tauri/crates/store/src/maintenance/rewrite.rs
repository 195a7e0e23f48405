//! Rewriting of segments without some series, and their roll-ups.

use std::{collections::HashSet, sync::Arc};

use model::DataResolution;

use super::{Maintenance, events::MaintenanceEvent};
use crate::{
    StoreError,
    database::sql::excludes,
    segment::{
        checksum::verify_unchanged,
        copy,
        naming::file_path,
        plan::{NewSegment, SegmentPlan},
        retention_tier::RollupResolution,
        segment_file::SegmentFile,
        signal_segments::SegmentContext,
    },
    signals,
};

impl Maintenance {
    /// Rewrites a segment without some series. Returns none if nothing is left.
    pub(crate) fn rewrite(
        &self,
        file: &Arc<SegmentFile>,
        without: &HashSet<u64>,
    ) -> Result<Option<NewSegment>, StoreError> {
        let info = &file.info;
        let plan = SegmentPlan::replacement_of(info, self.ids.next());
        let path = file_path(&self.manifest.folder, info.signal, info.resolution, plan.id);
        self.observer.notify(MaintenanceEvent::Write { path, done: 0, of: 1 });
        let reader = self.reader()?;
        reader.mark_if_faulty(file, verify_unchanged(info))?;
        let signal = signals::segments_of(info.signal);
        if info.resolution == DataResolution::Points {
            return signal.rewrite(self.context(&reader), file, without, plan);
        }
        let condition = excludes("series_id", without.iter().copied());
        let columns = signal.row_columns(info.resolution);
        copy::rewrite_rows(&reader, info, &condition, columns, plan, &self.manifest.folder)
    }

    /// Rewrites all segments that hold some series, without these. Returns the new segments and the
    /// ids they replace.
    pub(super) fn rewrite_all(
        &mut self,
        without: &HashSet<u64>,
    ) -> Result<(Vec<NewSegment>, Vec<u64>), StoreError> {
        let services: HashSet<String> =
            without.iter().filter_map(|id| Some(self.catalog.series(*id)?.service().to_owned())).collect();
        let manifest = self.manifest.current();
        let touched: Vec<_> = manifest
            .segments
            .iter()
            .filter(|file| {
                file.fault().is_none()
                    && file.info.services.iter().any(|share| services.contains(&share.service))
            })
            .collect();
        let (mut new, mut replaced) = (Vec::new(), Vec::new());
        for file in touched {
            new.extend(self.rewrite(file, without)?);
            replaced.push(file.info.id);
        }
        Ok((new, replaced))
    }

    /// Writes the roll-ups of new files of points. Returns all files.
    pub(super) fn with_rollups(
        &self,
        context: SegmentContext<'_>,
        points: Vec<NewSegment>,
    ) -> Result<Vec<NewSegment>, StoreError> {
        let mut all = Vec::new();
        for segment in points {
            let file = SegmentFile::new(segment.clone());
            all.push(segment);
            all.extend(self.rollups(context, &file, RollupResolution::of_tier(file.info.retention_tier))?);
        }
        Ok(all)
    }

    /// Writes the roll-ups of a file of points.
    pub(crate) fn rollups(
        &self,
        context: SegmentContext<'_>,
        file: &SegmentFile,
        resolutions: &[RollupResolution],
    ) -> Result<Vec<NewSegment>, StoreError> {
        if resolutions.is_empty() {
            return Ok(Vec::new());
        }
        signals::segments_of(file.info.signal).roll_up(context, file, resolutions)
    }
}
