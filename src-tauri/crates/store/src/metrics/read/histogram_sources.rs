//! The sources of histogram reads: points, and roll-up intervals where they are exact or all that
//! is left.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::Arc,
};

use super::rollup_range::RollupRange;
use crate::{
    StoreError,
    catalog::series::SeriesEntry,
    database::{
        paths::path_text,
        sql::{id_list, quote, step_start},
    },
    metrics::{
        head,
        histogram::{columns, decode, point::Point, rollup::HistogramInterval},
        point_tables::{self, POINT},
        selection::SeriesSelection,
    },
    read::reader::Reader,
    segment::{part_group::PartGroup, segment_file::SegmentFile, time::before},
};

/// IntervalsBySeries that are held in memory at a time, about.
const INTERVALS_AT_ONCE: u64 = 100_000;

/// Data of a series, in order of time.
#[derive(Debug, Clone)]
pub(super) enum HistogramPart {
    /// A point.
    Point(Point),
    /// The points of a minute or an hour.
    Interval(HistogramInterval),
}

/// A read of some series, by ascending id.
pub(super) struct HistogramSources<'read> {
    pub(super) reader: &'read Reader,
    pub(super) series: &'read [Arc<SeriesEntry>],
    pub(super) from: i64,
    pub(super) end: i64,
    pub(super) whole: Option<RollupRange>,
}

/// The intervals taken of each series.
type IntervalsBySeries = BTreeMap<u64, Vec<HistogramInterval>>;

impl HistogramSources<'_> {
    /// Returns the number of series that are read at a time.
    pub(super) fn series_per_batch(groups: &[PartGroup], from: i64, end: i64) -> usize {
        let rolled = groups.iter().filter_map(|group| group.rollup(None)).map(|(_, file)| {
            let info = &file.info;
            let (first, last) = (info.first.0.max(from), info.last.0.min(end));
            let part = last.saturating_sub(first) as f64 / (info.last.since(info.first) as f64).max(1.0);
            (info.points as f64 / info.series.max(1) as f64 * part.clamp(0.0, 1.0)) as u64
        });
        usize::try_from(INTERVALS_AT_ONCE / rolled.sum::<u64>().max(1)).unwrap_or(usize::MAX).clamp(1, 5000)
    }

    /// Calls back with all parts by series and time. Of several points at one time the last written
    /// wins.
    pub(super) fn each(
        &self,
        groups: &[PartGroup],
        mut take: impl FnMut(&Arc<SeriesEntry>, HistogramPart),
    ) -> Result<(), StoreError> {
        let by_id: HashMap<u64, &Arc<SeriesEntry>> =
            self.series.iter().map(|series| (series.id, series)).collect();
        let mut intervals = IntervalsBySeries::new();
        let mut sources = Vec::new();
        for (position, group) in groups.iter().enumerate() {
            let rolled = self.read_intervals(groups, position, &mut intervals)?;
            if let Some(file) = group.points.as_ref().filter(|file| self.reader.can_read(file)) {
                sources.extend(self.points(file, rolled.as_ref())?);
            }
        }
        sources.extend(self.reader.manifest()?.heads.iter().map(|head| point_tables::histogram_head(*head)));
        let mut waiting: VecDeque<(u64, Vec<HistogramInterval>)> = intervals.into_iter().collect();
        for (_, intervals) in &mut waiting {
            intervals.sort_by_key(|interval| std::cmp::Reverse(interval.first_time));
        }
        let mut give = |series: u64, part: HistogramPart| {
            if let Some(series) = by_id.get(&series) {
                take(series, part);
            }
        };
        // Passes on the waiting intervals before a point, or all of them.
        let mut due = |until: Option<(u64, i64)>, give: &mut dyn FnMut(u64, HistogramPart)| {
            while let Some((series, intervals)) = waiting.front_mut() {
                let series = *series;
                if until.is_some_and(|(next, _)| series > next) {
                    return;
                }
                while let Some(interval) = intervals.pop_if(|interval| {
                    until.is_none_or(|(next, time)| series < next || interval.first_time <= time)
                }) {
                    give(series, HistogramPart::Interval(interval));
                }
                if !intervals.is_empty() {
                    return;
                }
                waiting.pop_front();
            }
        };
        self.each_point(&sources, |point| {
            due(Some((point.series, point.time)), &mut give);
            give(point.series, HistogramPart::Point(point));
        })?;
        due(None, &mut give);
        Ok(())
    }

    fn ids(&self) -> String {
        id_list(self.series.iter().map(|series| series.id))
    }

    /// Calls back with the points of sources by series and time, each once.
    fn each_point(&self, sources: &[String], mut take: impl FnMut(Point)) -> Result<(), StoreError> {
        let within =
            format!("time >= {} AND time < {} AND series_id IN ({})", self.from, self.end, self.ids());
        let union = point_tables::union(sources, POINT, &within);
        let sql =
            format!("SELECT series_id, time, {POINT} FROM ({union}) ORDER BY series_id, time, rank, arrival");
        // A point is passed on when the next one is read: of several at one time the last one wins.
        let mut waiting: Option<Point> = None;
        self.reader.batches(&sql, &[], |batch| {
            for point in decode::points(batch) {
                let same = |before: &Point| before.series == point.series && before.time == point.time;
                if let Some(before) = waiting.replace(point.clone()).filter(|before| !same(before)) {
                    take(before);
                }
            }
            Ok(())
        })?;
        if let Some(point) = waiting {
            take(point);
        }
        Ok(())
    }

    /// Returns a file of points as a source, without the intervals that are read from a roll-up.
    /// Returns none if nothing is left.
    fn points(
        &self,
        file: &SegmentFile,
        rolled: Option<&BTreeSet<i64>>,
    ) -> Result<Option<String>, StoreError> {
        let (Some(touched), Some(whole)) = (rolled, self.whole) else {
            return Ok(Some(point_tables::histogram_file(&file.info.path)?));
        };
        let inside = file.info.first.0.max(self.from) >= whole.from && file.info.last.0 < whole.to;
        if inside && touched.is_empty() {
            return Ok(None);
        }
        let path = quote(path_text(&file.info.path)?);
        let step = step_start("time", whole.resolution.length());
        let touched: Vec<String> = touched.iter().map(i64::to_string).collect();
        let touched = if touched.is_empty() {
            "false".to_owned()
        } else {
            format!("{step} IN ({})", touched.join(","))
        };
        Ok(Some(format!(
            "(SELECT *, 0 AS arrival FROM read_parquet({path}) WHERE time < {} OR time >= {} OR {touched})",
            whole.from, whole.to
        )))
    }

    /// Reads the usable intervals of a part group: whole ones that nothing else was written into,
    /// and all whose points have expired. Returns the starts of whole intervals that are left to
    /// the points.
    fn read_intervals(
        &self,
        groups: &[PartGroup],
        position: usize,
        intervals: &mut IntervalsBySeries,
    ) -> Result<Option<BTreeSet<i64>>, StoreError> {
        let Some(group) = groups.get(position) else { return Ok(None) };
        let Some((resolution, file)) = group.rollup(self.whole.map(|whole| whole.resolution)) else {
            return Ok(None);
        };
        let whole = self.whole.filter(|whole| whole.resolution == resolution && group.points.is_some());
        if whole.is_none() && !group.has_expired_points() {
            return Ok(None);
        }
        let touched = match whole {
            Some(whole) => self.touched(groups, position, whole)?,
            None => BTreeSet::new(),
        };
        let taken = self.read_file(group, file, |expired, interval| match whole {
            _ if expired => interval.first_time >= self.from && before(interval.first_time, self.end),
            Some(whole) => {
                let inside = interval.start >= whole.from && interval.start < whole.to;
                inside && !touched.contains(&interval.start)
            }
            None => false,
        });
        self.reader.check()?;
        match taken {
            Ok(taken) => {
                for (series, interval) in taken {
                    intervals.entry(series).or_default().push(interval);
                }
                Ok(whole.map(|_| touched))
            }
            Err(error) => {
                file.mark_faulty(&error);
                Ok(None)
            }
        }
    }

    /// Reads the intervals of a file that a predicate accepts. It gets whether the points have
    /// expired.
    fn read_file(
        &self,
        group: &PartGroup,
        file: &SegmentFile,
        accept: impl Fn(bool, &HistogramInterval) -> bool,
    ) -> Result<Vec<(u64, HistogramInterval)>, StoreError> {
        let ids: Vec<u64> = self.series.iter().map(|series| series.id).collect();
        let selection = SeriesSelection::of_series(self.series, &ids);
        let Some(scan) = file.scan()? else { return Ok(Vec::new()) };
        let expired: Vec<bool> =
            self.series.iter().map(|series| !group.has_points(series.service())).collect();
        let columns: Vec<&str> = ["series_id"].into_iter().chain(columns::NAMES).collect();
        let mut found = Vec::new();
        for group in scan.groups(selection.row_groups()) {
            self.reader.check()?;
            let rows =
                scan.find(group, ["series_id", "first_time", "last_time"], |_, series, first, last| {
                    before(first, self.end) && last >= self.from && ids.binary_search(&series).is_ok()
                })?;
            if rows.is_empty() {
                continue;
            }
            scan.read(group, &columns, Some(&rows), |batch| {
                found.extend(columns::intervals(batch).into_iter().filter(|(series, interval)| {
                    let position = ids.binary_search(series).ok();
                    position
                        .and_then(|position| expired.get(position))
                        .is_some_and(|expired| accept(*expired, interval))
                }));
                Ok(())
            })?;
        }
        Ok(found)
    }

    /// Returns the starts of the whole intervals that hold data from outside a part group.
    fn touched(
        &self,
        groups: &[PartGroup],
        position: usize,
        whole: RollupRange,
    ) -> Result<BTreeSet<i64>, StoreError> {
        let Some(group) = groups.get(position) else { return Ok(BTreeSet::new()) };
        let (first, last) = group.span();
        let (first, last) = (first.max(whole.from), last.min(whole.to.saturating_sub(1)));
        let mut tables: Vec<String> =
            self.reader.manifest()?.heads.iter().map(|head| head::histogram_points(*head)).collect();
        for (other_position, other) in groups.iter().enumerate() {
            let Some(file) = &other.points else { continue };
            let overlaps = file.info.first.0 <= last && file.info.last.0 >= first;
            if other_position != position
                && overlaps
                && !other.written_with(group)
                && self.reader.can_read(file)
            {
                tables.push(format!("read_parquet({})", quote(path_text(&file.info.path)?)));
            }
        }
        let step = step_start("time", whole.resolution.length());
        let ids = self.ids();
        let selects: Vec<String> = tables
            .iter()
            .map(|table| {
                format!(
                    "SELECT {step} FROM {table} WHERE time BETWEEN {first} AND {last} AND series_id IN ({ids})"
                )
            })
            .collect();
        let touched = self.reader.rows(&selects.join(" UNION "), &[], |row| Ok(row.get(0)?))?;
        Ok(touched.into_iter().collect())
    }
}
