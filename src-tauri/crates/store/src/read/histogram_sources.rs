//! Where the points of histograms lie: as they are, or by the minute and hour where that is enough or all there is.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::Arc,
};

use super::histograms::Part;
use crate::{
    StoreError,
    dictionary::KnownSeries,
    head,
    histogram::{self, Point, Stretch},
    layout::PartitionFile,
    open::{path_text, quote},
    partition::{
        Bundle, Wanted, Whole, before,
        tables::{self, POINT},
    },
    reader::Reader,
    sql::{id_list, step_start},
};

/// Stretches that are held in memory at a time, about.
const STRETCHES_AT_ONCE: u64 = 100_000;

/// What is asked of some series. Their numbers are ascending.
pub(super) struct Sources<'read> {
    pub(super) reader: &'read Reader,
    pub(super) metric: &'read str,
    pub(super) series: &'read [Arc<KnownSeries>],
    pub(super) from: i64,
    pub(super) end: i64,
    pub(super) whole: Option<Whole>,
}

/// Steps that are taken of each series, first come first.
type Stretches = BTreeMap<u64, Vec<Stretch>>;

impl Sources<'_> {
    /// How many series can be read at once.
    pub(super) fn series_at_once(bundles: &[Bundle], from: i64, end: i64) -> usize {
        let rolled = bundles.iter().filter_map(|bundle| bundle.roll_up(None)).map(|(_, file)| {
            let info = &file.info;
            let (first, last) = (info.first.0.max(from), info.last.0.min(end));
            let part = last.saturating_sub(first) as f64 / (info.last.since(info.first) as f64).max(1.0);
            (info.points as f64 / info.series.max(1) as f64 * part.clamp(0.0, 1.0)) as u64
        });
        usize::try_from(STRETCHES_AT_ONCE / rolled.sum::<u64>().max(1)).unwrap_or(usize::MAX).clamp(1, 5000)
    }

    /// Gives what there is, by series and time; of several points at the same time the last to be written.
    pub(super) fn each(
        &self,
        bundles: &[Bundle],
        mut take: impl FnMut(&Arc<KnownSeries>, Part),
    ) -> Result<(), StoreError> {
        let by_id: HashMap<u64, &Arc<KnownSeries>> =
            self.series.iter().map(|series| (series.id, series)).collect();
        let mut stretches = Stretches::new();
        let mut sources = Vec::new();
        for (place, bundle) in bundles.iter().enumerate() {
            let rolled = self.read_stretches(bundles, place, &mut stretches)?;
            if let Some(file) = bundle.points.as_ref().filter(|file| file.usable(self.reader)) {
                sources.extend(self.points(file, rolled.as_ref())?);
            }
        }
        sources.extend(self.reader.layout()?.heads.iter().map(|head| tables::histogram_head(*head)));
        let mut waiting: VecDeque<(u64, Vec<Stretch>)> = stretches.into_iter().collect();
        for (_, stretches) in &mut waiting {
            stretches.sort_by_key(|stretch| std::cmp::Reverse(stretch.first_time));
        }
        let mut give = |series: u64, part: Part| {
            if let Some(series) = by_id.get(&series) {
                take(series, part);
            }
        };
        // What of the waiting stretches comes before a point, or all of them.
        let mut due = |until: Option<(u64, i64)>, give: &mut dyn FnMut(u64, Part)| {
            while let Some((series, stretches)) = waiting.front_mut() {
                let series = *series;
                if until.is_some_and(|(next, _)| series > next) {
                    return;
                }
                while let Some(stretch) = stretches.pop_if(|stretch| {
                    until.is_none_or(|(next, time)| series < next || stretch.first_time <= time)
                }) {
                    give(series, Part::Stretch(stretch));
                }
                if !stretches.is_empty() {
                    return;
                }
                waiting.pop_front();
            }
        };
        self.each_point(&sources, |point| {
            due(Some((point.series, point.time)), &mut give);
            give(point.series, Part::Point(point));
        })?;
        due(None, &mut give);
        Ok(())
    }

    fn ids(&self) -> String {
        id_list(self.series.iter().map(|series| series.id))
    }

    /// Gives the points of sources by series and time, each once.
    fn each_point(&self, sources: &[String], mut take: impl FnMut(Point)) -> Result<(), StoreError> {
        let within =
            format!("time >= {} AND time < {} AND series_id IN ({})", self.from, self.end, self.ids());
        let union = tables::union(sources, POINT, &within);
        let sql =
            format!("SELECT series_id, time, {POINT} FROM ({union}) ORDER BY series_id, time, rank, place");
        // A point is taken when the next one has come: of several at the same time the last one counts.
        let mut waiting: Option<Point> = None;
        self.reader.batches(&sql, &[], |batch| {
            for point in histogram::points(batch) {
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

    /// A file of points as a source, without the steps that are taken instead but for some of them; none if nothing
    /// is left.
    fn points(
        &self,
        file: &PartitionFile,
        rolled: Option<&BTreeSet<i64>>,
    ) -> Result<Option<String>, StoreError> {
        let (Some(touched), Some(whole)) = (rolled, self.whole) else {
            return Ok(Some(tables::histogram_file(&file.info.path)?));
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
            "(SELECT *, 0 AS place FROM read_parquet({path}) WHERE time < {} OR time >= {} OR {touched})",
            whole.from, whole.to
        )))
    }

    /// Takes the steps of a bundle that can be taken: those of the whole ones that nothing else was written into, and
    /// all of which the points are gone. Gives which of the whole ones were left to the points, if not all.
    fn read_stretches(
        &self,
        bundles: &[Bundle],
        place: usize,
        stretches: &mut Stretches,
    ) -> Result<Option<BTreeSet<i64>>, StoreError> {
        let Some(bundle) = bundles.get(place) else { return Ok(None) };
        let Some((resolution, file)) = bundle.roll_up(self.whole.map(|whole| whole.resolution)) else {
            return Ok(None);
        };
        let whole = self.whole.filter(|whole| whole.resolution == resolution && bundle.points.is_some());
        if whole.is_none() && !bundle.is_bare() {
            return Ok(None);
        }
        let touched = match whole {
            Some(whole) => self.touched(bundles, place, whole)?,
            None => BTreeSet::new(),
        };
        let taken = self.read_file(bundle, file, |bare, stretch| match whole {
            _ if bare => stretch.first_time >= self.from && before(stretch.first_time, self.end),
            Some(whole) => {
                let inside = stretch.step >= whole.from && stretch.step < whole.to;
                inside && !touched.contains(&stretch.step)
            }
            None => false,
        });
        self.reader.check()?;
        match taken {
            Ok(taken) => {
                for (series, stretch) in taken {
                    stretches.entry(series).or_default().push(stretch);
                }
                Ok(whole.map(|_| touched))
            }
            Err(error) => {
                file.set_aside(&error);
                Ok(None)
            }
        }
    }

    /// The stretches in a file that a test accepts, which hears whether the points are gone.
    fn read_file(
        &self,
        bundle: &Bundle,
        file: &PartitionFile,
        accept: impl Fn(bool, &Stretch) -> bool,
    ) -> Result<Vec<(u64, Stretch)>, StoreError> {
        let ids: Vec<u64> = self.series.iter().map(|series| series.id).collect();
        let metrics = Some((self.metric, self.metric)).filter(|_| !self.metric.is_empty());
        let wanted = Wanted { metrics, series: &ids };
        let Some(scan) = file.scan()? else { return Ok(Vec::new()) };
        let bare: Vec<bool> = self.series.iter().map(|series| !bundle.has_points(series.service())).collect();
        let columns: Vec<&str> = ["series_id"].into_iter().chain(histogram::NAMES).collect();
        let mut found = Vec::new();
        for group in scan.groups(wanted) {
            self.reader.check()?;
            let rows =
                scan.find(group, ["series_id", "first_time", "last_time"], |_, series, first, last| {
                    before(first, self.end) && last >= self.from && ids.binary_search(&series).is_ok()
                })?;
            if rows.is_empty() {
                continue;
            }
            scan.read(group, &columns, Some(&rows), |batch| {
                found.extend(histogram::stretches(batch).into_iter().filter(|(series, stretch)| {
                    let place = ids.binary_search(series).ok();
                    place.and_then(|place| bare.get(place)).is_some_and(|bare| accept(*bare, stretch))
                }));
                Ok(())
            })?;
        }
        Ok(found)
    }

    /// The whole steps into which something else was written than what lies in a bundle.
    fn touched(&self, bundles: &[Bundle], place: usize, whole: Whole) -> Result<BTreeSet<i64>, StoreError> {
        let Some(bundle) = bundles.get(place) else { return Ok(BTreeSet::new()) };
        let (first, last) = bundle.span();
        let (first, last) = (first.max(whole.from), last.min(whole.to.saturating_sub(1)));
        let mut tables: Vec<String> =
            self.reader.layout()?.heads.iter().map(|head| head::histogram_points(*head)).collect();
        for (other_place, other) in bundles.iter().enumerate() {
            let Some(file) = &other.points else { continue };
            let overlaps = file.info.first.0 <= last && file.info.last.0 >= first;
            if other_place != place && overlaps && !other.beside(bundle) && file.usable(self.reader) {
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
