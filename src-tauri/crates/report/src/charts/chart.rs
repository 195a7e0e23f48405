//! The data of a chart.

use model::{Gap, TimeRange, Timestamp};

/// One line of a chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The label in the legend.
    pub label: String,
    /// The number of its colour, 1 to 8.
    pub colour: u8,
    /// Times and values, ascending in time. Values that are not finite are not drawn.
    pub points: Vec<(Timestamp, f64)>,
}

/// Lines over one range of time.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// The title.
    pub title: String,
    /// Unit of the values in UCUM notation.
    pub unit: String,
    /// The lines.
    pub lines: Vec<Line>,
    /// The range of the time axis.
    pub range: TimeRange,
    /// Usual distance of two points, in nanoseconds.
    pub step: i64,
    /// Times without observation. They are hatched, and lines do not cross them.
    pub gaps: Vec<Gap>,
    /// Ranges to highlight, such as anomalies.
    pub marks: Vec<TimeRange>,
    /// The maximum of the y axis if it is fixed.
    pub top: Option<f64>,
    /// Width in units of the drawing.
    pub width: f64,
    /// Height in units of the drawing.
    pub height: f64,
    /// Minutes east of UTC for the time axis.
    pub utc_offset_minutes: i32,
}
