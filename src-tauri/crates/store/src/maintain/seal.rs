//! A head that takes nothing more becomes partitions.

use std::{borrow::Cow, collections::HashMap, fs, sync::Arc};

use model::{AttributeValue, Attributes, DataResolution, TimeRange};

use super::{Maintenance, histograms, steps::MaintenanceStep, table, window};
use crate::{
    Changed, StoreError,
    dictionary::KnownSeries,
    head,
    layout::{PartitionSignal, file_path},
    partition::{NewPartition, SampleFiles, Sealing, exemplars, in_head, sync_folder, tables},
    reader::Reader,
    writer::Change,
};

/// Points that are held in memory at a time.
pub(super) const POINTS_AT_ONCE: u64 = 1 << 20;

impl Maintenance {
    /// Writes a frozen head's points as partitions and takes the head away, in one transaction.
    pub(super) fn seal(&mut self, sealed: u64) -> Result<(), StoreError> {
        let reader = self.reader()?;
        let mut plans = Vec::new();
        for (signal, table) in [
            (PartitionSignal::Samples, head::samples(sealed)),
            (PartitionSignal::Histograms, head::histogram_points(sealed)),
            (PartitionSignal::Exemplars, head::exemplars(sealed)),
        ] {
            let (level, windows) = window::windows(&times(&reader, &table)?);
            plans.extend(windows.into_iter().map(|window| (signal, level, window)));
        }
        let mut partitions = Vec::new();
        if let Err(error) = self.write_windows(&reader, sealed, &plans, &mut partitions) {
            for partition in &partitions {
                // What cannot be deleted now goes at the next start.
                let _ = fs::remove_file(&partition.path);
            }
            return Err(error);
        }
        self.publish(partitions, Vec::new(), move |connection| head::remove(connection, sealed).map(|()| 0))
    }

    fn write_windows(
        &mut self,
        reader: &Reader,
        sealed: u64,
        plans: &[(PartitionSignal, u8, TimeRange)],
        partitions: &mut Vec<NewPartition>,
    ) -> Result<(), StoreError> {
        for (done, (signal, level, window)) in plans.iter().enumerate() {
            let sealing = Sealing { level: *level, window: *window, head: sealed, pinned: false };
            let path = file_path(&self.layouts.folder, *signal, DataResolution::Points, self.ids.coming());
            self.steps.tell(MaintenanceStep::Write { path, done, of: plans.len() });
            let points = match signal {
                PartitionSignal::Samples => self.seal_samples(reader, sealed, sealing)?,
                PartitionSignal::Exemplars => {
                    let sources = [exemplars::in_table(&head::exemplars(sealed))];
                    let plan = sealing.points(DataResolution::Points, self.ids.next());
                    let within = within(sealing.window);
                    let written =
                        super::exemplars::write(reader, &sources, &within, plan, &self.layouts.folder)?;
                    written.into_iter().collect()
                }
                PartitionSignal::Histograms => {
                    let sources = [tables::histogram_head(sealed)];
                    histograms::write(reader, &sources, "true", sealing, &self.ids, &self.layouts.folder)?
                }
            };
            self.steps.tell(MaintenanceStep::RollUp);
            partitions.extend(self.with_roll_ups(reader, points)?);
        }
        Ok(())
    }

    fn seal_samples(
        &self,
        reader: &Reader,
        sealed: u64,
        sealing: Sealing,
    ) -> Result<Vec<NewPartition>, StoreError> {
        let (start, end) = (sealing.window.start.0, sealing.window.end.0);
        let counts: HashMap<u64, u64> = reader
            .rows(
                &format!(
                    "SELECT series_id, count(*) FROM {} WHERE {} GROUP BY series_id",
                    head::samples(sealed),
                    within(sealing.window)
                ),
                &[],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )?
            .into_iter()
            .collect();
        let series = in_order(reader, counts.keys().copied());
        let mut files = SampleFiles::new(sealing, &self.ids, &self.layouts.folder);
        for batch in batches(&series, |series| counts.get(&series.id).copied().unwrap_or_default()) {
            let mut ids: Vec<u64> = batch.iter().map(|series| series.id).collect();
            ids.sort_unstable();
            let mut points = in_head(reader, sealed, &ids, start, end)?;
            for series in batch {
                files.add(series, points.remove(&series.id).unwrap_or_default())?;
            }
        }
        files.finish()
    }

    /// Makes written files part of the store in place of others, together with a change of tables.
    pub(super) fn publish(
        &self,
        new: Vec<NewPartition>,
        replaced: Vec<u64>,
        also: impl Fn(&duckdb::Connection) -> Result<u64, StoreError> + Send + 'static,
    ) -> Result<(), StoreError> {
        self.publish_change(new, replaced, Box::new(also), Changed::default(), false)
    }

    /// Like [`Self::publish`], for a change that others hear of and that may take series away.
    pub(super) fn publish_change(
        &self,
        new: Vec<NewPartition>,
        replaced: Vec<u64>,
        also: Change,
        changed: Changed,
        removes_series: bool,
    ) -> Result<(), StoreError> {
        self.steps.tell(MaintenanceStep::Name);
        sync_folder(&self.layouts.folder)?;
        self.steps.tell(MaintenanceStep::Commit);
        let change: Change = Box::new(move |connection| {
            table::delete(connection, &replaced)?;
            table::insert(connection, &new)?;
            also(connection)
        });
        self.change_layout(change, changed, removes_series)?;
        self.steps.tell(MaintenanceStep::Clean);
        Ok(())
    }
}

/// A time in each of the shortest windows that a table has points in.
fn times(reader: &Reader, table: &str) -> Result<Vec<i64>, StoreError> {
    let length = window::length(0);
    reader.rows(
        &format!(
            "SELECT min(time) FROM {table} \
             GROUP BY CASE WHEN time < 0 AND time % {length} <> 0 THEN time // {length} - 1 ELSE time // {length} END"
        ),
        &[],
        |row| Ok(row.get(0)?),
    )
}

/// The condition that a time lies in a window.
fn within(window: TimeRange) -> String {
    let upper =
        if window.end.0 == i64::MAX { String::new() } else { format!(" AND time < {}", window.end.0) };
    format!("time >= {}{upper}", window.start.0)
}

/// Series in the order in which they lie in files: by their name, then by what tells them apart on one resource, then by
/// their resource. So the same of every host lies side by side, which compresses best.
pub(super) fn in_order(reader: &Reader, ids: impl Iterator<Item = u64>) -> Vec<Arc<KnownSeries>> {
    let mut series: Vec<_> = ids.filter_map(|id| reader.dictionary.series(id)).collect();
    series.sort_unstable_by(|left, right| {
        left.name
            .cmp(&right.name)
            .then_with(|| texts(&left.attributes).cmp(texts(&right.attributes)))
            .then_with(|| texts(&left.resource.attributes).cmp(texts(&right.resource.attributes)))
            .then_with(|| left.id.cmp(&right.id))
    });
    series
}

fn texts(attributes: &Attributes) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
    attributes.0.iter().map(|(name, value)| match value {
        AttributeValue::String(text) => (name.as_str(), Cow::Borrowed(text.as_str())),
        other => (name.as_str(), Cow::Owned(other.to_string())),
    })
}

/// Runs of series that together have about as many points as may be held at once.
pub(super) fn batches(
    series: &[Arc<KnownSeries>],
    points: impl Fn(&KnownSeries) -> u64,
) -> Vec<&[Arc<KnownSeries>]> {
    let mut batches = Vec::new();
    let (mut from, mut sum) = (0, 0);
    for (place, one) in series.iter().enumerate() {
        let more = points(one);
        if sum > 0 && sum + more > POINTS_AT_ONCE {
            batches.extend(series.get(from..place));
            (from, sum) = (place, 0);
        }
        sum += more;
    }
    batches.extend(series.get(from..).filter(|rest| !rest.is_empty()));
    batches
}
