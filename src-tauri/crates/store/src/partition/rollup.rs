//! Files of what the points of series come to by the hour or by the minute.

use std::{path::Path, sync::Arc};

use arrow_array::{
    Array, ArrayRef, BooleanArray, Float64Array, Int64Array, ListArray, RecordBatch, StructArray, UInt8Array,
    UInt64Array,
    cast::AsArray,
    types::{Float64Type, Int64Type, UInt8Type, UInt64Type},
};
use arrow_schema::{DataType, Field, Fields, Schema};
use model::{DataResolution, NANOS_PER_SECOND};

use super::{
    codec::{EXACT, places},
    describe,
    file::FileWriter,
    plan::{NewPartition, Plan, Tally},
    points::Points,
};
use crate::{
    StoreError,
    dictionary::KnownSeries,
    layout::{PartitionSignal, file_path},
    reduce::{Counting, Step, Stretch, roll_up},
};

/// How long a roll-up's steps are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resolution {
    Hours,
    Minutes,
}

/// A roll-up is kept where it has this many times fewer steps than there are points.
const WORTH: u64 = 8;
/// Steps in a row group, about.
const GROUP_STEPS: usize = 64 << 10;
/// Rows in a row group, at most.
const GROUP_ROWS: usize = 4096;
/// What a row is found by and its steps.
pub(crate) const STEPS: [&str; 3] = ["series_id", "decimals", "steps"];

impl Resolution {
    /// The coarsest that steps of a length can be made from.
    pub(crate) fn for_step(step: i64) -> Option<Self> {
        [Self::Hours, Self::Minutes].into_iter().find(|resolution| step % resolution.length() == 0)
    }

    /// Nanoseconds.
    pub(crate) fn length(self) -> i64 {
        match self {
            Self::Hours => 3600 * NANOS_PER_SECOND,
            Self::Minutes => 60 * NANOS_PER_SECOND,
        }
    }

    /// The form of the files.
    pub(crate) fn form(self) -> DataResolution {
        match self {
            Self::Hours => DataResolution::Hours,
            Self::Minutes => DataResolution::Minutes,
        }
    }

    /// The roll-ups that are made of points that last so long.
    pub(crate) fn of(lasts: DataResolution) -> &'static [Self] {
        match lasts {
            DataResolution::Points => &[Self::Minutes, Self::Hours],
            DataResolution::Minutes => &[Self::Hours],
            DataResolution::Hours => &[],
        }
    }
}

/// How long so many points of a series last, given in how many minutes and hours they lie: where a roll-up would not
/// be much less than they are they stand for it.
pub(crate) fn lasting(points: u64, minutes: u64, hours: u64) -> DataResolution {
    if minutes.saturating_mul(WORTH) <= points {
        DataResolution::Points
    } else if hours.saturating_mul(WORTH) <= points {
        DataResolution::Minutes
    } else {
        DataResolution::Hours
    }
}

/// How long the points of a series last.
pub(crate) fn lasting_of(points: &Points) -> DataResolution {
    let steps = |resolution: Resolution| {
        let starts = points.times.iter().map(|time| time.div_euclid(resolution.length()));
        let mut before = None;
        starts.filter(|start| before.replace(*start) != Some(*start)).count() as u64
    };
    lasting(points.len() as u64, steps(Resolution::Minutes), steps(Resolution::Hours))
}

/// What the points of one series come to, and from when to when they lie.
struct SeriesSteps {
    series: Arc<KnownSeries>,
    /// The numbers of steps are written as whole numbers of 10^-decimals, if they are decimal numbers.
    decimals: Option<u8>,
    steps: Vec<Step>,
    first: i64,
    last: i64,
}

/// A file of the steps of samples on its way. Series must come in the order in which they lie in files.
pub(crate) struct StepsFile<'folder> {
    plan: Plan,
    resolution: Resolution,
    folder: &'folder Path,
    file: FileWriter,
    waiting: Vec<SeriesSteps>,
    waiting_steps: usize,
    tally: Tally,
}

impl<'folder> StepsFile<'folder> {
    pub(crate) fn create(
        plan: Plan,
        resolution: Resolution,
        folder: &'folder Path,
    ) -> Result<Self, StoreError> {
        let path = file_path(folder, PartitionSignal::Samples, plan.form, plan.id);
        let file = FileWriter::create(&plan, path, schema(), &describe::DICTIONARIES)?;
        let (waiting, tally) = (Vec::new(), Tally::default());
        Ok(Self { plan, resolution, folder, file, waiting, waiting_steps: 0, tally })
    }

    /// Adds what the points of one series come to.
    pub(crate) fn add(&mut self, series: &Arc<KnownSeries>, points: &Points) -> Result<(), StoreError> {
        let Some((first, last)) = points.span() else { return Ok(()) };
        let steps = roll_up(points, Counting::of(series), self.resolution.length());
        self.tally.add(series.service(), steps.len() as u64, first, last);
        self.waiting_steps += steps.len();
        let decimals = decimals(&steps);
        self.waiting.push(SeriesSteps { series: Arc::clone(series), decimals, steps, first, last });
        if self.waiting_steps >= GROUP_STEPS || self.waiting.len() >= GROUP_ROWS {
            self.group()?;
        }
        Ok(())
    }

    fn group(&mut self) -> Result<(), StoreError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let rows = &self.waiting;
        let mut columns = describe::columns(rows.iter().map(|row| &row.series));
        let lengths = rows.iter().map(|row| row.steps.len() as u64);
        columns.push(Arc::new(UInt64Array::from_iter_values(lengths)));
        columns.push(Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.first))));
        columns.push(Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.last))));
        columns.push(Arc::new(rows.iter().map(|row| row.decimals).collect::<UInt8Array>()));
        columns.push(column(rows)?);
        self.file.group(&RecordBatch::try_new(schema(), columns)?)?;
        self.waiting.clear();
        self.waiting_steps = 0;
        Ok(())
    }

    /// Finishes the file; without any steps there is none.
    pub(crate) fn finish(mut self) -> Result<Option<NewPartition>, StoreError> {
        self.group()?;
        if self.tally.is_empty() {
            return Ok(None);
        }
        let written = self.file.finish()?;
        Ok(Some(self.tally.partition(self.plan, PartitionSignal::Samples, self.folder, written)))
    }
}

fn schema() -> Arc<Schema> {
    let mut schema = describe::fields();
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
    ])
}

fn element() -> Arc<Field> {
    Arc::new(Field::new("element", DataType::Struct(fields()), false))
}

/// The decimal places of the numbers of steps, if all are decimal numbers that a double holds as whole ones.
fn decimals(steps: &[Step]) -> Option<u8> {
    let stretches = || steps.iter().filter_map(|step| step.stretch.as_ref());
    let of_points = |stretch: &Stretch| [stretch.first, stretch.last, stretch.min, stretch.max];
    let places = places(stretches().flat_map(of_points))?;
    // A sum of decimal numbers is one; the double may miss it by a little, which rounding mends.
    let sums = |stretch: &Stretch| [stretch.sum, stretch.increase];
    let mut numbers = stretches().flat_map(|stretch| of_points(stretch).into_iter().chain(sums(stretch)));
    numbers.all(|number| (number * 10f64.powi(i32::from(places))).abs() < EXACT).then_some(places)
}

/// The steps of rows as a column.
fn column(rows: &[SeriesSteps]) -> Result<ArrayRef, StoreError> {
    let steps: Vec<(Option<u8>, Step)> =
        rows.iter().flat_map(|row| row.steps.iter().map(|step| (row.decimals, *step))).collect();
    let time = |of: &dyn Fn(&Step) -> Option<i64>| -> ArrayRef {
        Arc::new(steps.iter().map(|(_, step)| of(step)).collect::<Int64Array>())
    };
    let number = |of: fn(&Stretch) -> f64| -> ArrayRef {
        let numbers = steps.iter().map(|(decimals, step)| {
            let number = step.stretch.as_ref().map(of)?;
            Some(decimals.map_or(number, |decimals| (number * 10f64.powi(i32::from(decimals))).round()))
        });
        Arc::new(numbers.collect::<Float64Array>())
    };
    let counts = steps.iter().map(|(_, step)| step.stretch.map(|stretch| stretch.count));
    let arrays: Vec<ArrayRef> = vec![
        time(&|step| Some(step.time)),
        Arc::new(steps.iter().map(|(_, step)| Some(step.ended)).collect::<BooleanArray>()),
        time(&|step| Some(step.stretch?.first_time)),
        time(&|step| Some(step.stretch?.last_time)),
        time(&|step| step.stretch?.start_time),
        number(|stretch| stretch.first),
        number(|stretch| stretch.last),
        number(|stretch| stretch.min),
        number(|stretch| stretch.max),
        number(|stretch| stretch.sum),
        Arc::new(counts.collect::<UInt64Array>()),
        number(|stretch| stretch.increase),
    ];
    let offsets = duckdb::arrow::buffer::OffsetBuffer::from_lengths(rows.iter().map(|row| row.steps.len()));
    let steps = StructArray::try_new(fields(), arrays, None)?;
    Ok(Arc::new(ListArray::try_new(element(), offsets, Arc::new(steps), None)?))
}

/// The steps in a row of a batch with the columns of [`STEPS`]; none if it does not hold steps.
pub(crate) fn steps(batch: &RecordBatch, row: usize) -> Option<Vec<Step>> {
    let list = batch.column_by_name("steps")?.as_list_opt::<i32>()?;
    // Files of older versions have the numbers as they are.
    let decimals = batch.column_by_name("decimals").and_then(|array| array.as_primitive_opt::<UInt8Type>());
    let decimals =
        decimals.filter(|decimals| decimals.is_valid(row)).map_or(0, |decimals| decimals.value(row));
    let scale = 10f64.powi(i32::from(decimals));
    if list.is_null(row) {
        return None;
    }
    let steps = list.value(row);
    let steps = steps.as_struct_opt()?;
    let times = |name: &str| steps.column_by_name(name)?.as_primitive_opt::<Int64Type>();
    let numbers = |name: &str| steps.column_by_name(name)?.as_primitive_opt::<Float64Type>();
    let (start, first_time, last_time, start_time) =
        (times("start")?, times("first_time")?, times("last_time")?, times("start_time")?);
    let (first, last, min, max) = (numbers("first")?, numbers("last")?, numbers("min")?, numbers("max")?);
    let (sum, increase) = (numbers("sum")?, numbers("increase")?);
    let count = steps.column_by_name("count")?.as_primitive_opt::<UInt64Type>()?;
    let ended = steps.column_by_name("ended")?.as_boolean_opt()?;
    let step = |at: usize| Step {
        time: start.value(at),
        ended: ended.value(at),
        stretch: count.is_valid(at).then(|| Stretch {
            first_time: first_time.value(at),
            last_time: last_time.value(at),
            start_time: start_time.is_valid(at).then(|| start_time.value(at)),
            first: first.value(at) / scale,
            last: last.value(at) / scale,
            min: min.value(at) / scale,
            max: max.value(at) / scale,
            sum: sum.value(at) / scale,
            count: count.value(at),
            increase: increase.value(at) / scale,
        }),
    };
    Some((0..steps.len()).map(step).collect())
}
