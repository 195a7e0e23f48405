//! The points of a row by the hour and by the minute.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, BooleanArray, Float64Array, Int64Array, ListArray, StructArray, UInt64Array,
    cast::AsArray,
    types::{Float64Type, Int64Type, UInt64Type},
};
use arrow_schema::{DataType, Field, Fields};
use model::NANOS_PER_SECOND;

use super::{codec::Row, points::Points};
use crate::{
    StoreError,
    dictionary::KnownSeries,
    reduce::{Counting, Step, Stretch, roll_up},
};

/// How long a roll-up's steps are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resolution {
    Hours,
    Minutes,
}

/// A roll-up is kept where it has this many times fewer steps than there are points.
const WORTH: usize = 8;

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

    /// The column it is kept in.
    pub(crate) fn column(self) -> &'static str {
        match self {
            Self::Hours => "hours",
            Self::Minutes => "minutes",
        }
    }
}

/// Adds the roll-ups of a row's points that are worth keeping.
pub(crate) fn add(row: &mut Row, series: &KnownSeries, points: &Points) {
    let worth = |resolution: Resolution| {
        let steps = roll_up(points, Counting::of(series), resolution.length());
        (steps.len() * WORTH <= points.len()).then_some(steps)
    };
    row.hours = worth(Resolution::Hours);
    row.minutes = worth(Resolution::Minutes);
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

/// A column of steps.
pub(crate) fn field(resolution: Resolution) -> Field {
    Field::new(resolution.column(), DataType::List(element()), true)
}

/// The steps of rows as a column.
pub(crate) fn column<'rows>(
    rows: impl Iterator<Item = &'rows Option<Vec<Step>>> + Clone,
) -> Result<ArrayRef, StoreError> {
    let steps: Vec<Step> = rows.clone().flatten().flatten().copied().collect();
    let time = |of: &dyn Fn(&Step) -> Option<i64>| -> ArrayRef {
        Arc::new(steps.iter().map(of).collect::<Int64Array>())
    };
    let number = |of: fn(&Stretch) -> f64| -> ArrayRef {
        Arc::new(steps.iter().map(|step| step.stretch.as_ref().map(of)).collect::<Float64Array>())
    };
    let counts = steps.iter().map(|step| step.stretch.map(|stretch| stretch.count));
    let arrays: Vec<ArrayRef> = vec![
        time(&|step| Some(step.time)),
        Arc::new(steps.iter().map(|step| Some(step.ended)).collect::<BooleanArray>()),
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
    let lengths = rows.clone().map(|row| row.as_ref().map_or(0, Vec::len));
    let offsets = duckdb::arrow::buffer::OffsetBuffer::from_lengths(lengths);
    let present: Vec<bool> = rows.map(Option::is_some).collect();
    let steps = StructArray::try_new(fields(), arrays, None)?;
    Ok(Arc::new(ListArray::try_new(element(), offsets, Arc::new(steps), Some(present.into()))?))
}

/// The steps in a row of a column; none if none are kept for it.
pub(crate) fn steps(column: &ArrayRef, row: usize) -> Option<Vec<Step>> {
    let list = column.as_list_opt::<i32>()?;
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
            first: first.value(at),
            last: last.value(at),
            min: min.value(at),
            max: max.value(at),
            sum: sum.value(at),
            count: count.value(at),
            increase: increase.value(at),
        }),
    };
    Some((0..steps.len()).map(step).collect())
}
