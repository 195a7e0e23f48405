//! The points of series as they are reduced to steps: by the hour or minute where a partition keeps that and nothing
//! was written into its stretch since, one by one elsewhere.

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
    sync::Arc,
};

use duckdb::arrow::{array::AsArray, datatypes::UInt64Type};

use super::{
    codec::decode,
    gather::in_head,
    points::{Points, before},
    rollup::{self, Resolution},
    rows,
    scan::{Scan, Wanted},
};
use crate::{
    StoreError,
    layout::{Layout, PartitionFile, PartitionSignal},
    reader::Reader,
    reduce::{Reduction, Step},
};

/// The points of one series: those that came one by one, and steps. A point that lies in a step of which the points are
/// gone, or a step that does, may be in it already and is passed over.
#[derive(Debug, Default)]
pub(crate) struct Sequence {
    points: Points,
    steps: Vec<Step>,
}

impl Sequence {
    /// Lays what a series wrote since its type was told over this, which it wrote before: its steps were made as those
    /// of a series that does not count.
    pub(crate) fn overlay(&mut self, newer: Self) {
        for stretch in self.steps.iter_mut().filter_map(|step| step.stretch.as_mut()) {
            if stretch.increase == 0.0 {
                // A fall in between stays unseen.
                stretch.increase =
                    if stretch.last >= stretch.first { stretch.last - stretch.first } else { stretch.last };
            }
        }
        self.steps.extend(newer.steps);
        self.points.overlay(newer.points);
    }

    /// Gives everything to a reduction, in order of time.
    pub(crate) fn reduce(mut self, reduction: &mut Reduction) {
        self.steps.sort_unstable_by_key(Step::first_time);
        let mut covered: Option<i64> = None;
        self.steps.retain(|step| {
            let apart = covered.is_none_or(|until| step.first_time() > until);
            covered = covered.max(Some(step.last_time()));
            apart
        });
        let mut steps = self.steps.iter().peekable();
        let mut covered: Option<i64> = None;
        for (time, start_time, value) in self.points.rows() {
            while let Some(step) = steps.next_if(|step| step.first_time() <= time) {
                covered = Some(step.last_time());
                reduction.rolled_up(step);
            }
            if covered.is_none_or(|until| time > until) {
                reduction.sample(time, start_time, value);
            }
        }
        steps.for_each(|step| reduction.rolled_up(step));
    }
}

/// A row of a file that holds something of a wanted series.
#[derive(Debug, Clone, Copy)]
struct Place {
    bundle: usize,
    file: usize,
    group: usize,
    row: usize,
    series: u64,
    first: i64,
    last: i64,
}

impl Place {
    /// What it holds a part of: the points of one series in one bundle.
    fn part(&self) -> (u64, usize) {
        (self.series, self.bundle)
    }
}

/// Where the range can be made from steps of a resolution.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Whole {
    pub(crate) resolution: Resolution,
    pub(crate) from: i64,
    pub(crate) to: i64,
}

impl Whole {
    /// The stretch of whole steps from `start` to `end` that steps of `step` can be made from.
    pub(crate) fn new(start: i64, end: i64, step: i64) -> Option<Self> {
        let resolution = Resolution::for_step(step)?;
        let length = resolution.length();
        let to = end.saturating_sub(end.rem_euclid(length));
        let from = start.saturating_add((length - start.rem_euclid(length)) % length);
        (from < to).then_some(Self { resolution, from, to })
    }
}

/// The points of each series with `start <= time < end`. Steps are taken in `whole` where nothing else was written into
/// their row's stretch, and wherever the points are gone.
pub(crate) fn sequences(
    reader: &Reader,
    layout: &Layout,
    wanted: Wanted<'_>,
    start: i64,
    end: i64,
    whole: Option<Whole>,
) -> Result<HashMap<u64, Sequence>, StoreError> {
    let mut heads: HashMap<u64, Points> = HashMap::new();
    for head in &layout.heads {
        for (series, points) in in_head(reader, *head, wanted.series, start, end)? {
            heads.entry(series).or_default().overlay(points);
        }
    }
    let mut gathering = Gathering { reader, files: Vec::new(), sequences: HashMap::new(), start, end, whole };
    let (mut points, mut rolled) = (Vec::new(), Vec::new());
    for (number, bundle) in layout.bundles(PartitionSignal::Samples, start, end).into_iter().enumerate() {
        if let Some(file) = &bundle.points {
            points.extend(gathering.find(file, number, wanted)?);
        }
        let roll_up = bundle.roll_up(whole.map(|whole| whole.resolution));
        if let Some((resolution, file)) = roll_up.filter(|_| whole.is_some() || bundle.is_bare()) {
            let exact = whole.is_some_and(|whole| whole.resolution == resolution);
            rolled.extend(gathering.find(file, number, wanted)?.into_iter().map(|place| (place, exact)));
        }
    }
    let present: HashSet<(u64, usize)> = points.iter().map(Place::part).collect();
    let (bare, kept): (Vec<_>, Vec<_>) =
        rolled.into_iter().partition(|(place, _)| !present.contains(&place.part()));
    let bare: Vec<Place> = bare.into_iter().map(|(place, _)| place).collect();
    let untouched = untouched(&points, &bare, &heads, whole);
    let kept: Vec<Place> = kept
        .into_iter()
        .filter(|(place, exact)| *exact && untouched.contains(&place.part()))
        .map(|(place, _)| place)
        .collect();
    gathering.read(&bare, |gathering, run| gathering.read_steps(run, None))?;
    let mut stepped = HashSet::new();
    gathering.read(&kept, |gathering, run| {
        gathering.read_steps(run, gathering.whole)?;
        stepped.extend(run.iter().map(Place::part));
        Ok(())
    })?;
    points.retain(|place| !(stepped.contains(&place.part()) && gathering.is_whole(place)));
    gathering.read(&points, |gathering, run| gathering.read_points(run, &stepped))?;
    let mut sequences = gathering.sequences;
    for (series, points) in heads {
        sequences.entry(series).or_default().points.overlay(points);
    }
    Ok(sequences)
}

/// What can be read as steps: the parts that reach into the whole steps and that nothing else of the same series
/// overlaps.
fn untouched(
    points: &[Place],
    bare: &[Place],
    heads: &HashMap<u64, Points>,
    whole: Option<Whole>,
) -> HashSet<(u64, usize)> {
    let Some(whole) = whole else { return HashSet::new() };
    let mut spans: HashMap<(u64, usize), (i64, i64)> = HashMap::new();
    for place in points.iter().chain(bare) {
        let span = spans.entry(place.part()).or_insert((place.first, place.last));
        *span = (span.0.min(place.first), span.1.max(place.last));
    }
    let mut order: Vec<_> = spans.into_iter().collect();
    order.sort_unstable_by_key(|((series, _), (first, _))| (*series, *first));
    let mut untouched = HashSet::new();
    let mut reached: Option<(u64, i64)> = None;
    for (position, ((series, bundle), (first, last))) in order.iter().enumerate() {
        let after_others = reached.is_none_or(|(other, until)| other != *series || until < *first);
        let next = order.get(position + 1);
        let before_next = next.is_none_or(|((other, _), (next, _))| other != series || next > last);
        let alone = heads.get(series).is_none_or(|points| {
            let from = points.times.partition_point(|time| time < first);
            points.times.get(from).is_none_or(|time| time > last)
        });
        let inside = *first < whole.to && *last >= whole.from;
        if after_others && before_next && alone && inside {
            untouched.insert((*series, *bundle));
        }
        reached = match reached {
            Some((other, until)) if other == *series => Some((other, until.max(*last))),
            _ => Some((*series, *last)),
        };
    }
    untouched
}

struct Gathering<'read> {
    reader: &'read Reader,
    files: Vec<(Arc<PartitionFile>, Scan)>,
    sequences: HashMap<u64, Sequence>,
    start: i64,
    end: i64,
    whole: Option<Whole>,
}

impl Gathering<'_> {
    /// A file that cannot be read is set aside and counts as empty.
    fn checked<T>(
        &mut self,
        file: &PartitionFile,
        read: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let outcome = read(self);
        self.reader.check()?;
        Ok(outcome.inspect_err(|error| file.set_aside(error)).ok())
    }

    /// The rows of a file that hold something of wanted series in the range.
    fn find(
        &mut self,
        file: &Arc<PartitionFile>,
        bundle: usize,
        wanted: Wanted<'_>,
    ) -> Result<Vec<Place>, StoreError> {
        let number = self.files.len();
        let (start, end) = (self.start, self.end);
        let found = self.checked(file, |gathering| {
            let Some(scan) = file.scan()? else { return Ok(None) };
            let mut places = Vec::new();
            for group in scan.groups(wanted) {
                gathering.reader.check()?;
                scan.each_row(group, rows::INDEX, |row, series, first, last| {
                    if before(first, end) && last >= start && wanted.series.binary_search(&series).is_ok() {
                        places.push(Place { bundle, file: number, group, row, series, first, last });
                    }
                })?;
            }
            Ok(Some((scan, places)))
        })?;
        let Some((scan, places)) = found.flatten() else { return Ok(Vec::new()) };
        self.files.push((Arc::clone(file), scan));
        Ok(places)
    }

    /// Reads places, which come in the order of writing, those of one row group at a time.
    fn read(
        &mut self,
        places: &[Place],
        mut read: impl FnMut(&mut Self, &[Place]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let same = |one: &Place, other: &Place| (one.file, one.group) == (other.file, other.group);
        for run in places.chunk_by(same) {
            self.reader.check()?;
            let Some((file, _)) = run.first().and_then(|place| self.files.get(place.file)) else { continue };
            let file = Arc::clone(file);
            self.checked(&file, |gathering| read(gathering, run))?;
        }
        Ok(())
    }

    /// Whether nothing of a place lies outside of the whole steps.
    fn is_whole(&self, place: &Place) -> bool {
        self.whole.is_some_and(|whole| place.first >= whole.from && place.last < whole.to)
    }

    /// Takes the steps of rows that lie in the whole ones, or those that begin in the range.
    fn read_steps(&mut self, places: &[Place], whole: Option<Whole>) -> Result<(), StoreError> {
        let Some(first) = places.first() else { return Ok(()) };
        let Some((_, scan)) = self.files.get(first.file) else { return Ok(()) };
        let (start, end) = (self.start, self.end);
        let inside = |step: &Step| match whole {
            Some(whole) => step.time >= whole.from && step.time < whole.to,
            None => step.first_time() >= start && before(step.first_time(), end),
        };
        let mut taken = Vec::with_capacity(places.len());
        scan.read(first.group, &rollup::STEPS, Some(&ranges(places.iter())), |batch| {
            let series = batch.column_by_name("series_id").and_then(|of| of.as_primitive_opt::<UInt64Type>());
            let Some(series) = series else {
                return Err(StoreError::Database("a column is missing".to_owned()));
            };
            for row in 0..batch.num_rows() {
                let steps = rollup::steps(batch, row)
                    .ok_or_else(|| StoreError::Database("a row has no steps".to_owned()))?;
                taken.push((series.value(row), steps));
            }
            Ok(())
        })?;
        for (series, steps) in taken {
            self.sequences.entry(series).or_default().steps.extend(steps.into_iter().filter(inside));
        }
        Ok(())
    }

    /// Takes the points of rows; of parts that were taken as steps only what lies outside of the whole ones.
    fn read_points(&mut self, places: &[Place], stepped: &HashSet<(u64, usize)>) -> Result<(), StoreError> {
        let Some(first) = places.first() else { return Ok(()) };
        let Some((_, scan)) = self.files.get(first.file) else { return Ok(()) };
        let mut edges = places.iter().map(|place| stepped.contains(&place.part()));
        scan.read(first.group, &rows::POINTS, Some(&ranges(places.iter())), |batch| {
            for (series, row) in rows::rows(batch) {
                let mut points = decode(row);
                points.clip(self.start, self.end);
                let sequence = self.sequences.entry(series).or_default();
                if let (Some(true), Some(whole)) = (edges.next(), self.whole) {
                    let mut later = points.clone();
                    later.clip(whole.to, i64::MAX);
                    points.clip(i64::MIN, whole.from);
                    sequence.points.overlay(later);
                }
                sequence.points.overlay(points);
            }
            Ok(())
        })
    }
}

/// The rows of places, which are ascending, as ranges.
fn ranges<'places>(places: impl Iterator<Item = &'places Place>) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for place in places {
        match ranges.last_mut() {
            Some(range) if range.end == place.row => range.end += 1,
            _ => ranges.push(place.row..place.row + 1),
        }
    }
    ranges
}
