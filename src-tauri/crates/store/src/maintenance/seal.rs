//! Sealing: a head that takes no more points becomes segments.

use std::fs;

use model::{DataResolution, TimeRange};

use super::{Maintenance, events::MaintenanceEvent};
use crate::{
    StoreError,
    metrics::head,
    read::reader::Reader,
    segment::{
        naming::file_path,
        plan::{NewSegment, SealPlan},
        signal_segments::SignalSegments,
        window,
    },
    signals,
};

impl Maintenance {
    /// Writes a head's points as segments and removes the head, in one transaction.
    pub(super) fn seal(&mut self, sealed: u64) -> Result<(), StoreError> {
        let reader = self.reader()?;
        let mut plans = Vec::new();
        for signal in signals::ALL {
            let (level, windows) = window::windows(&window_times(&reader, &signal.head_table(sealed))?);
            plans.extend(windows.into_iter().map(|window| (signal, level, window)));
        }
        let mut segments = Vec::new();
        if let Err(error) = self.write_windows(&reader, sealed, &plans, &mut segments) {
            for segment in &segments {
                // A file that cannot be deleted now is deleted at the next start.
                let _ = fs::remove_file(&segment.path);
            }
            return Err(error);
        }
        self.publish(segments, Vec::new(), move |connection| head::remove(connection, sealed).map(|()| 0))
    }

    fn write_windows(
        &self,
        reader: &Reader,
        sealed: u64,
        plans: &[(&dyn SignalSegments, u8, TimeRange)],
        segments: &mut Vec<NewSegment>,
    ) -> Result<(), StoreError> {
        let context = self.context(reader);
        for (done, (signal, level, window)) in plans.iter().enumerate() {
            let plan = SealPlan { level: *level, window: *window, head: sealed, pinned: false };
            let upcoming = self.ids.upcoming();
            let path = file_path(&self.manifest.folder, signal.signal(), DataResolution::Points, upcoming);
            self.observer.notify(MaintenanceEvent::Write { path, done, of: plans.len() });
            let points = signal.seal(context, sealed, plan)?;
            self.observer.notify(MaintenanceEvent::RollUp);
            segments.extend(self.with_rollups(context, points)?);
        }
        Ok(())
    }
}

/// Returns one time of each of the shortest windows that a table has points in.
fn window_times(reader: &Reader, table: &str) -> Result<Vec<i64>, StoreError> {
    let length = window::length(0);
    reader.rows(
        &format!(
            "SELECT min(time) FROM {table} GROUP BY CASE WHEN time < 0 AND time % {length} <> 0 \
             THEN time // {length} - 1 ELSE time // {length} END"
        ),
        &[],
        |row| Ok(row.get(0)?),
    )
}
