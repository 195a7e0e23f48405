//! Roll-up files of histograms, one row per interval.

use std::{path::Path, sync::Arc};

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::Schema;
use model::Temporality;

use crate::{
    StoreError,
    catalog::series::SeriesEntry,
    metrics::{
        histogram::{
            columns,
            point::Point,
            rollup::{HistogramInterval, HistogramRollup},
        },
        series_columns::{self, encodings},
    },
    segment::{
        file::FileWriter,
        naming::file_path,
        plan::{NewSegment, SegmentPlan},
        retention_tier::RollupResolution,
        signal::SegmentSignal,
        tally::Tally,
    },
};

/// Rows in a row group.
const GROUP_ROWS: usize = 4096;

/// A roll-up file of histograms that is being written.
pub(crate) struct HistogramRollupFile<'folder> {
    plan: SegmentPlan,
    resolution: RollupResolution,
    folder: &'folder Path,
    file: FileWriter,
    current: Option<(Arc<SeriesEntry>, HistogramRollup)>,
    waiting: Vec<(Arc<SeriesEntry>, HistogramInterval)>,
    tally: Tally,
}

impl<'folder> HistogramRollupFile<'folder> {
    pub(crate) fn create(
        plan: SegmentPlan,
        resolution: RollupResolution,
        folder: &'folder Path,
    ) -> Result<Self, StoreError> {
        let path = file_path(folder, SegmentSignal::Histograms, plan.resolution, plan.id);
        let file = FileWriter::create(&plan, path, schema(), encodings(&series_columns::DICTIONARIES))?;
        let (waiting, tally) = (Vec::new(), Tally::default());
        Ok(Self { plan, resolution, folder, file, current: None, waiting, tally })
    }

    /// Begins another series. Points of an unknown series are skipped.
    pub(crate) fn begin(&mut self, series: Option<Arc<SeriesEntry>>) -> Result<(), StoreError> {
        if let Some((series, mut rolled)) = self.current.take()
            && let Some(interval) = rolled.finish()
        {
            self.push(series, interval)?;
        }
        self.current = series.map(|series| {
            let delta = series.temporality == Temporality::Delta;
            (series, HistogramRollup::new(delta, self.resolution.length()))
        });
        Ok(())
    }

    /// Adds the next point of the series.
    pub(crate) fn add(&mut self, point: Point) -> Result<(), StoreError> {
        let Some((series, rolled)) = &mut self.current else { return Ok(()) };
        match rolled.add(point) {
            Some(interval) => {
                let series = Arc::clone(series);
                self.push(series, interval)
            }
            None => Ok(()),
        }
    }

    fn push(&mut self, series: Arc<SeriesEntry>, interval: HistogramInterval) -> Result<(), StoreError> {
        self.tally.add_rows(series.service(), 1, interval.first_time, interval.last_time);
        if self.waiting.last().is_none_or(|(before, _)| before.id != series.id) {
            self.tally.series += 1;
        }
        self.waiting.push((series, interval));
        if self.waiting.len() >= GROUP_ROWS { self.group() } else { Ok(()) }
    }

    fn group(&mut self) -> Result<(), StoreError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let mut columns: Vec<ArrayRef> =
            series_columns::columns(self.waiting.iter().map(|(series, _)| series))?;
        let intervals: Vec<_> = self.waiting.drain(..).map(|(_, interval)| interval).collect();
        columns.extend(columns::columns(&intervals)?);
        self.file.group(&RecordBatch::try_new(schema(), columns)?)
    }

    /// Finishes the file. Returns none if it has no intervals.
    pub(crate) fn finish(mut self) -> Result<Option<NewSegment>, StoreError> {
        self.begin(None)?;
        self.group()?;
        if self.tally.is_empty() {
            return Ok(None);
        }
        let written = self.file.finish()?;
        Ok(Some(self.tally.segment(self.plan, SegmentSignal::Histograms, self.folder, written)))
    }
}

fn schema() -> Arc<Schema> {
    let mut fields = series_columns::fields();
    fields.extend(columns::fields());
    Arc::new(Schema::new(fields))
}
