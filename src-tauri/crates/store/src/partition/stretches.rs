//! The points of series as they are reduced to steps: by the hour or minute where a partition keeps that and nothing
//! was written into its stretch since, one by one elsewhere.

use std::{collections::HashMap, ops::Range, sync::Arc};

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

/// The points of one series: those that came one by one, and steps that no other point lies in.
#[derive(Debug, Default)]
pub(crate) struct Sequence {
    points: Points,
    steps: Vec<Step>,
}

impl Sequence {
    /// Gives everything to a reduction, in order of time.
    pub(crate) fn reduce(mut self, reduction: &mut Reduction) {
        self.steps.sort_unstable_by_key(Step::first_time);
        let mut steps = self.steps.iter().peekable();
        for (time, start_time, value) in self.points.rows() {
            while let Some(step) = steps.next_if(|step| step.first_time() < time) {
                reduction.rolled_up(step);
            }
            reduction.sample(time, start_time, value);
        }
        steps.for_each(|step| reduction.rolled_up(step));
    }
}

/// A row of a file that holds points of a wanted series.
#[derive(Debug, Clone, Copy)]
struct Place {
    file: usize,
    group: usize,
    row: usize,
    series: u64,
    first: i64,
    last: i64,
}

/// What is read of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// All its points in the range.
    Points,
    /// Its points outside of the stretch that steps are taken for.
    Edges,
}

/// Where the range can be made from steps of a resolution.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Whole {
    resolution: Resolution,
    from: i64,
    to: i64,
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

/// The points of each series with `start <= time < end`; steps are taken only in `whole`.
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
    let mut places = Vec::new();
    for file in layout.partitions(PartitionSignal::Samples, start, end) {
        let number = gathering.files.len();
        let found = gathering.checked(file, |_| {
            let scan = file.scan()?;
            let places =
                scan.as_ref().map(|scan| find(reader, scan, number, wanted, start, end)).transpose()?;
            Ok(scan.zip(places))
        })?;
        if let Some((scan, found)) = found.flatten() {
            gathering.files.push((Arc::clone(file), scan));
            places.extend(found);
        }
    }
    let rolled = untouched(&mut places, &heads, whole);
    gathering.read(places, &rolled)?;
    let mut sequences = gathering.sequences;
    for (series, points) in heads {
        sequences.entry(series).or_default().points.overlay(points);
    }
    Ok(sequences)
}

fn find(
    reader: &Reader,
    scan: &Scan,
    file: usize,
    wanted: Wanted<'_>,
    start: i64,
    end: i64,
) -> Result<Vec<Place>, StoreError> {
    let mut places = Vec::new();
    for group in scan.groups(wanted) {
        reader.check()?;
        scan.each_row(group, rows::INDEX, |row, series, first, last| {
            if before(first, end) && last >= start && wanted.series.binary_search(&series).is_ok() {
                places.push(Place { file, group, row, series, first, last });
            }
        })?;
    }
    Ok(places)
}

/// Which places can be read as steps: those that reach into the whole steps and that no other place or point of the
/// same series overlaps. The order of places is that of writing and is kept.
fn untouched(places: &mut [Place], heads: &HashMap<u64, Points>, whole: Option<Whole>) -> Vec<bool> {
    let Some(whole) = whole else { return vec![false; places.len()] };
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_unstable_by_key(|at| (places[*at].series, places[*at].first));
    let mut rolled = vec![false; places.len()];
    let mut reached: Option<(u64, i64)> = None;
    for (position, at) in order.iter().enumerate() {
        let place = places[*at];
        let after_others = reached.is_none_or(|(series, last)| series != place.series || last < place.first);
        let next = order.get(position + 1).map(|next| places[*next]);
        let before_next = next.is_none_or(|next| next.series != place.series || next.first > place.last);
        let alone = heads.get(&place.series).is_none_or(|points| {
            let from = points.times.partition_point(|time| *time < place.first);
            points.times.get(from).is_none_or(|time| *time > place.last)
        });
        let inside = place.first < whole.to && place.last >= whole.from;
        rolled[*at] = after_others && before_next && alone && inside;
        reached = match reached {
            Some((series, last)) if series == place.series => Some((series, last.max(place.last))),
            _ => Some((place.series, place.last)),
        };
    }
    rolled
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

    /// Reads the places, which come in the order of writing.
    fn read(&mut self, places: Vec<Place>, rolled: &[bool]) -> Result<(), StoreError> {
        let mut places = places.into_iter().zip(rolled.iter().copied()).peekable();
        while let Some(first) = places.next() {
            let mut run = vec![first];
            let same =
                |(place, _): &(Place, bool)| (place.file, place.group) == (first.0.file, first.0.group);
            while let Some(next) = places.next_if(same) {
                run.push(next);
            }
            let Some((file, _)) = self.files.get(first.0.file) else { continue };
            let file = Arc::clone(file);
            self.checked(&file, |gathering| gathering.read_group(&run))?;
        }
        Ok(())
    }

    fn read_group(&mut self, run: &[(Place, bool)]) -> Result<(), StoreError> {
        self.reader.check()?;
        let mut raw: Vec<(Place, Part)> = Vec::new();
        let stepped: Vec<Place> = run.iter().filter(|(_, rolled)| *rolled).map(|(place, _)| *place).collect();
        let kept = self.read_steps(&stepped)?;
        let mut kept = kept.into_iter();
        for (place, rolled) in run {
            let whole = self.whole.filter(|_| *rolled && kept.next().unwrap_or_default());
            match whole {
                None => raw.push((*place, Part::Points)),
                Some(whole) if place.first < whole.from || place.last >= whole.to => {
                    raw.push((*place, Part::Edges));
                }
                Some(_) => {}
            }
        }
        self.read_points(&raw)
    }

    /// Takes the steps of places that have them; whether each had.
    fn read_steps(&mut self, places: &[Place]) -> Result<Vec<bool>, StoreError> {
        let (Some(whole), Some(first)) = (self.whole, places.first()) else { return Ok(Vec::new()) };
        let column = whole.resolution.column();
        let mut kept = Vec::with_capacity(places.len());
        let Some((_, scan)) = self.files.get(first.file) else { return Ok(kept) };
        scan.read(first.group, &["series_id", column], Some(&ranges(places.iter())), |batch| {
            let series = batch.column_by_name("series_id").and_then(|of| of.as_primitive_opt::<UInt64Type>());
            let (Some(series), Some(steps)) = (series, batch.column_by_name(column)) else { return Ok(()) };
            for row in 0..batch.num_rows() {
                let found = rollup::steps(steps, row);
                kept.push(found.is_some());
                let inside = found.unwrap_or_default().into_iter();
                let inside = inside.filter(|step| step.time >= whole.from && step.time < whole.to);
                self.sequences.entry(series.value(row)).or_default().steps.extend(inside);
            }
            Ok(())
        })?;
        Ok(kept)
    }

    fn read_points(&mut self, places: &[(Place, Part)]) -> Result<(), StoreError> {
        let Some((first, _)) = places.first() else { return Ok(()) };
        let Some((_, scan)) = self.files.get(first.file) else { return Ok(()) };
        let mut parts = places.iter().map(|(_, part)| *part);
        let rows = ranges(places.iter().map(|(place, _)| place));
        scan.read(first.group, &rows::POINTS, Some(&rows), |batch| {
            for (series, row) in rows::rows(batch) {
                let mut points = decode(row);
                points.clip(self.start, self.end);
                let sequence = self.sequences.entry(series).or_default();
                if let (Some(Part::Edges), Some(whole)) = (parts.next(), self.whole) {
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
