//! Roll-up files of samples.

use std::{path::Path, sync::Arc};

use arrow_array::{
    Array, ArrayRef, BooleanArray, Float64Array, Int64Array, ListArray, RecordBatch, StructArray, UInt8Array,
    UInt64Array,
    cast::AsArray,
    types::{Float64Type, Int64Type, UInt8Type, UInt64Type},
};
use arrow_schema::{DataType, Field, Fields, Schema};
use model::DataResolution;

use super::interval::{Aggregate, IncreaseRule, Interval, roll_up};
use crate::{
    StoreError,
    catalog::series::SeriesEntry,
    metrics::{
        points::Points,
        series_columns::{self, encodings},
    },
    segment::{
        codec::{EXACT, decimal_places},
        file::FileWriter,
        naming::file_path,
        plan::{NewSegment, SegmentPlan},
        retention_tier::{RollupResolution, tier_of},
        signal::SegmentSignal,
        tally::Tally,
    },
};

/// Intervals in a row group, about.
const GROUP_INTERVALS: usize = 64 << 10;
/// Rows in a row group, at most.
const GROUP_ROWS: usize = 4096;
/// Maximum difference between a sum of doubles and the decimal number it stands for, in units of
/// the last decimal place. A sum with one more place differs by 0.1 or more.
const MAX_NOISE: f64 = 0.05;
/// The columns that intervals are read from.
pub(crate) const COLUMNS: [&str; 3] = ["series_id", "decimals", "steps"];

/// Returns the retention tier of the points of one series.
pub(crate) fn tier_of_points(points: &Points) -> DataResolution {
    let intervals = |resolution: RollupResolution| {
        let starts = points.times.iter().map(|time| time.div_euclid(resolution.length()));
        let mut before = None;
        starts.filter(|start| before.replace(*start) != Some(*start)).count() as u64
    };
    tier_of(points.len() as u64, intervals(RollupResolution::Minutes), intervals(RollupResolution::Hours))
}

/// The intervals of one series, and the times of its first and last point.
struct SeriesRollup {
    series: Arc<SeriesEntry>,
    /// Numbers are written as integer multiples of 10^-decimals, if they are decimal numbers.
    decimals: Option<u8>,
    intervals: Vec<Interval>,
    first: i64,
    last: i64,
}

/// A roll-up file of samples that is being written. Series are added in file order.
pub(crate) struct SampleRollupFile<'folder> {
    plan: SegmentPlan,
    resolution: RollupResolution,
    folder: &'folder Path,
    file: FileWriter,
    waiting: Vec<SeriesRollup>,
    waiting_intervals: usize,
    tally: Tally,
}

impl<'folder> SampleRollupFile<'folder> {
    pub(crate) fn create(
        plan: SegmentPlan,
        resolution: RollupResolution,
        folder: &'folder Path,
    ) -> Result<Self, StoreError> {
        let path = file_path(folder, SegmentSignal::Samples, plan.resolution, plan.id);
        let file = FileWriter::create(&plan, path, schema(), encodings(&series_columns::DICTIONARIES))?;
        let (waiting, tally) = (Vec::new(), Tally::default());
        Ok(Self { plan, resolution, folder, file, waiting, waiting_intervals: 0, tally })
    }

    /// Adds the roll-up of the points of one series.
    pub(crate) fn add(&mut self, series: &Arc<SeriesEntry>, points: &Points) -> Result<(), StoreError> {
        let Some((first, last)) = points.span() else { return Ok(()) };
        let intervals = roll_up(points, IncreaseRule::of(series), self.resolution.length());
        self.tally.add(series.service(), intervals.len() as u64, first, last);
        self.waiting_intervals += intervals.len();
        let decimals = decimals(&intervals);
        self.waiting.push(SeriesRollup { series: Arc::clone(series), decimals, intervals, first, last });
        if self.waiting_intervals >= GROUP_INTERVALS || self.waiting.len() >= GROUP_ROWS {
            self.group()?;
        }
        Ok(())
    }

    fn group(&mut self) -> Result<(), StoreError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let rows = &self.waiting;
        let mut columns = series_columns::columns(rows.iter().map(|row| &row.series))?;
        let lengths = rows.iter().map(|row| row.intervals.len() as u64);
        columns.push(Arc::new(UInt64Array::from_iter_values(lengths)));
        columns.push(Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.first))));
        columns.push(Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.last))));
        columns.push(Arc::new(rows.iter().map(|row| row.decimals).collect::<UInt8Array>()));
        columns.push(column(rows)?);
        self.file.group(&RecordBatch::try_new(schema(), columns)?)?;
        self.waiting.clear();
        self.waiting_intervals = 0;
        Ok(())
    }

    /// Finishes the file. Returns none if it has no intervals.
    pub(crate) fn finish(mut self) -> Result<Option<NewSegment>, StoreError> {
        self.group()?;
        if self.tally.is_empty() {
            return Ok(None);
        }
        let written = self.file.finish()?;
        Ok(Some(self.tally.segment(self.plan, SegmentSignal::Samples, self.folder, written)))
    }
}

fn schema() -> Arc<Schema> {
    let mut schema = series_columns::fields();
    schema.extend([
        Field::new("points", DataType::UInt64, false),
        Field::new("first_time", DataType::Int64, false),
        Field::new("last_time", DataType::Int64, false),
        Field::new("decimals", DataType::UInt8, true),
        Field::new("steps", DataType::List(element()), false),
    ]);
    Arc::new(Schema::new(schema))
}

fn fields() -> Fields {
    let field = |name: &str, of: DataType, nullable: bool| Field::new(name, of, nullable);
    Fields::from(vec![
        field("start", DataType::Int64, false),
        field("ended", DataType::Boolean, false),
        field("first_time", DataType::Int64, true),
        field("last_time", DataType::Int64, true),
        field("start_time", DataType::Int64, true),
        field("first", DataType::Float64, true),
        field("last", DataType::Float64, true),
        field("min", DataType::Float64, true),
        field("max", DataType::Float64, true),
        field("sum", DataType::Float64, true),
        field("count", DataType::UInt64, true),
        field("increase", DataType::Float64, true),
        // Written where they are not `first` and `last`, which are NaN then.
        field("first_number", DataType::Float64, true),
        field("last_number", DataType::Float64, true),
    ])
}

fn element() -> Arc<Field> {
    Arc::new(Field::new("element", DataType::Struct(fields()), false))
}

/// Returns the decimal places of all numbers of intervals, if a double holds their multiples
/// exactly.
fn decimals(intervals: &[Interval]) -> Option<u8> {
    let aggregates = || intervals.iter().filter_map(|interval| interval.aggregate.as_ref());
    let of_points = |aggregate: &Aggregate| [aggregate.first, aggregate.last, aggregate.min, aggregate.max];
    let places = decimal_places(aggregates().flat_map(of_points))?;
    let scale = 10f64.powi(i32::from(places));
    let fits = aggregates().all(|aggregate| {
        let points = of_points(aggregate).map(|number| (number * scale).abs());
        let largest = points.into_iter().fold(0.0, f64::max);
        // Sums are rounded to these places. A point between those above may have more of them.
        [aggregate.sum, aggregate.increase].into_iter().all(|sum| {
            let scaled = sum * scale;
            let noise = 4.0 * f64::EPSILON * aggregate.count as f64 * largest.max(scaled.abs());
            scaled.abs() < EXACT && (scaled - scaled.round()).abs() <= noise.min(MAX_NOISE)
        }) && largest < EXACT
    });
    fits.then_some(places)
}

/// Builds the column of intervals.
fn column(rows: &[SeriesRollup]) -> Result<ArrayRef, StoreError> {
    let intervals: Vec<(Option<u8>, Interval)> =
        rows.iter().flat_map(|row| row.intervals.iter().map(|interval| (row.decimals, *interval))).collect();
    let time = |of: &dyn Fn(&Interval) -> Option<i64>| -> ArrayRef {
        Arc::new(intervals.iter().map(|(_, interval)| of(interval)).collect::<Int64Array>())
    };
    let number = |of: fn(&Aggregate) -> f64| -> ArrayRef {
        let numbers = intervals.iter().map(|(decimals, interval)| {
            let number = interval.aggregate.as_ref().map(of)?;
            Some(decimals.map_or(number, |decimals| (number * 10f64.powi(i32::from(decimals))).round()))
        });
        Arc::new(numbers.collect::<Float64Array>())
    };
    // NaN is no decimal number, so these are not scaled.
    let number_beside_nan = |of: fn(&Aggregate) -> (f64, f64)| -> ArrayRef {
        let numbers = intervals.iter().map(|(_, interval)| {
            let (end, number) = interval.aggregate.as_ref().map(of)?;
            (end.is_nan() && !number.is_nan()).then_some(number)
        });
        Arc::new(numbers.collect::<Float64Array>())
    };
    let counts = intervals.iter().map(|(_, interval)| interval.aggregate.map(|aggregate| aggregate.count));
    let arrays: Vec<ArrayRef> = vec![
        time(&|interval| Some(interval.time)),
        Arc::new(intervals.iter().map(|(_, interval)| Some(interval.ended)).collect::<BooleanArray>()),
        time(&|interval| Some(interval.aggregate?.first_time)),
        time(&|interval| Some(interval.aggregate?.last_time)),
        time(&|interval| interval.aggregate?.start_time),
        number(|aggregate| aggregate.first),
        number(|aggregate| aggregate.last),
        number(|aggregate| aggregate.min),
        number(|aggregate| aggregate.max),
        number(|aggregate| aggregate.sum),
        Arc::new(counts.collect::<UInt64Array>()),
        number(|aggregate| aggregate.increase),
        number_beside_nan(|aggregate| (aggregate.first, aggregate.first_number)),
        number_beside_nan(|aggregate| (aggregate.last, aggregate.last_number)),
    ];
    let offsets =
        duckdb::arrow::buffer::OffsetBuffer::from_lengths(rows.iter().map(|row| row.intervals.len()));
    let intervals = StructArray::try_new(fields(), arrays, None)?;
    Ok(Arc::new(ListArray::try_new(element(), offsets, Arc::new(intervals), None)?))
}

/// Reads the intervals in a row of a batch with the columns of [`COLUMNS`]. Returns none if it
/// holds none.
pub(crate) fn intervals(batch: &RecordBatch, row: usize) -> Option<Vec<Interval>> {
    let list = batch.column_by_name("steps")?.as_list_opt::<i32>()?;
    // Files of format 2 and earlier have unscaled numbers.
    let decimals = batch.column_by_name("decimals").and_then(|array| array.as_primitive_opt::<UInt8Type>());
    let decimals =
        decimals.filter(|decimals| decimals.is_valid(row)).map_or(0, |decimals| decimals.value(row));
    let scale = 10f64.powi(i32::from(decimals));
    if list.is_null(row) {
        return None;
    }
    let intervals = list.value(row);
    let intervals = intervals.as_struct_opt()?;
    let times = |name: &str| intervals.column_by_name(name)?.as_primitive_opt::<Int64Type>();
    let numbers = |name: &str| intervals.column_by_name(name)?.as_primitive_opt::<Float64Type>();
    let (start, first_time, last_time, start_time) =
        (times("start")?, times("first_time")?, times("last_time")?, times("start_time")?);
    let (first, last, min, max) = (numbers("first")?, numbers("last")?, numbers("min")?, numbers("max")?);
    let (sum, increase) = (numbers("sum")?, numbers("increase")?);
    let count = intervals.column_by_name("count")?.as_primitive_opt::<UInt64Type>()?;
    let ended = intervals.column_by_name("ended")?.as_boolean_opt()?;
    // Absent in files of format 3 and earlier.
    let (first_number, last_number) = (numbers("first_number"), numbers("last_number"));
    let number_or = |numbers: Option<&Float64Array>, at: usize, end: f64| {
        numbers.filter(|numbers| numbers.is_valid(at)).map_or(end, |numbers| numbers.value(at))
    };
    let interval = |at: usize| Interval {
        time: start.value(at),
        ended: ended.value(at),
        aggregate: count.is_valid(at).then(|| Aggregate {
            first_time: first_time.value(at),
            last_time: last_time.value(at),
            start_time: start_time.is_valid(at).then(|| start_time.value(at)),
            first: first.value(at) / scale,
            last: last.value(at) / scale,
            first_number: number_or(first_number, at, first.value(at) / scale),
            last_number: number_or(last_number, at, last.value(at) / scale),
            min: min.value(at) / scale,
            max: max.value(at) / scale,
            sum: sum.value(at) / scale,
            count: count.value(at),
            increase: increase.value(at) / scale,
        }),
    };
    Some((0..intervals.len()).map(interval).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(samples: &[f64]) -> Interval {
        let first = samples[0];
        let aggregate = Aggregate {
            last_time: samples.len() as i64,
            last: samples[samples.len() - 1],
            last_number: samples[samples.len() - 1],
            min: samples.iter().copied().fold(f64::INFINITY, f64::min),
            max: samples.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            sum: samples.iter().sum(),
            count: samples.len() as u64,
            increase: samples[samples.len() - 1] - first,
            ..Aggregate::sample(0, None, first)
        };
        Interval { time: 0, aggregate: Some(aggregate), ended: false }
    }

    #[test]
    fn a_sum_with_more_places_than_the_ends_is_not_rounded() {
        assert_eq!(decimals(&[interval(&[1.0, 2.05, 3.0])]), None);
        assert_eq!(decimals(&[interval(&[1.0, 2.000_001, 3.0])]), None);
    }

    #[test]
    fn the_difference_of_doubles_is_no_decimal_place() {
        let samples = [0.1, 0.2, 0.3, 0.1, 0.2, 0.3];
        assert!(samples.iter().sum::<f64>() > 1.2);
        assert_eq!(decimals(&[interval(&samples)]), Some(1));
        assert_eq!(decimals(&[interval(&[1e9, 1e9 + 0.1])]), Some(1));
    }
}
