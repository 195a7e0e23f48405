//! The value of a row: a number, or a histogram, summary or exemplar in the columns of our own
//! exports.

use model::{Attributes, Buckets, MetricKind, STALE, SpanId, Timestamp, TraceId};
use prometheus::excerpt;

use super::{
    rejection::{Rejection, rejection},
    timestamp,
};

/// The value of a row.
#[derive(Debug, PartialEq)]
pub(crate) enum RowValue {
    Number(f64),
    Histogram(HistogramValue),
    /// An example measurement of a point.
    Exemplar(ExemplarValue),
}

/// An exemplar.
#[derive(Debug, PartialEq)]
pub(crate) struct ExemplarValue {
    pub(crate) value: f64,
    pub(crate) trace_id: Option<TraceId>,
    pub(crate) span_id: Option<SpanId>,
    pub(crate) attributes: Attributes,
}

/// A histogram or a summary.
#[derive(Debug, PartialEq)]
pub(crate) struct HistogramValue {
    pub(crate) count: u64,
    pub(crate) sum: Option<f64>,
    pub(crate) min: Option<f64>,
    pub(crate) max: Option<f64>,
    pub(crate) buckets: Buckets,
}

impl RowValue {
    /// Returns the kind of a series with such points; none for numbers and exemplars.
    pub(crate) fn kind(&self) -> Option<MetricKind> {
        match self {
            Self::Number(_) | Self::Exemplar(_) => None,
            Self::Histogram(histogram) => Some(match histogram.buckets {
                Buckets::Explicit { .. } => MetricKind::Histogram,
                Buckets::Exponential { .. } => MetricKind::ExponentialHistogram,
                Buckets::Quantiles(_) => MetricKind::Summary,
            }),
        }
    }
}

/// The columns of values.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PointColumns {
    value: usize,
    /// Columns of our own exports, in the order of [`EXPORT_COLUMNS`], if the first four exist.
    export: Option<[Option<usize>; EXPORT_COLUMNS.len()]>,
}

const EXPORT_COLUMNS: [&str; 19] = [
    "count",
    "sum",
    "bucket_bounds",
    "bucket_counts",
    "start_time",
    "ended",
    "min",
    "max",
    "scale",
    "zero_threshold",
    "zero_count",
    "positive_offset",
    "negative_offset",
    "negative_counts",
    "quantile_values",
    "exemplar_value",
    "trace_id",
    "span_id",
    "exemplar_attributes",
];
/// Number of first columns that every export has.
const REQUIRED: usize = 4;

type Row<'a> = &'a [Option<&'a str>];

impl PointColumns {
    /// Finds the columns; `value` is the column of numbers.
    pub(crate) fn find(value: usize, position: impl Fn(&str) -> Option<usize>) -> Self {
        let export = EXPORT_COLUMNS.map(position);
        Self { value, export: export.iter().take(REQUIRED).all(Option::is_some).then_some(export) }
    }

    /// Returns true for one of our own exports.
    pub(crate) fn is_export(&self) -> bool {
        self.export.is_some()
    }

    /// Returns all columns.
    pub(crate) fn all(&self) -> impl Iterator<Item = usize> {
        std::iter::once(self.value).chain(self.export.into_iter().flatten().flatten())
    }

    /// Returns the column of a name, or the value column if there is none.
    fn column(&self, name: &str) -> usize {
        let index = EXPORT_COLUMNS.iter().position(|column| *column == name);
        index.and_then(|index| self.export?[index]).unwrap_or(self.value)
    }

    fn text<'a>(&self, row: Row<'a>, name: &str) -> &'a str {
        let index =
            EXPORT_COLUMNS.iter().position(|column| *column == name).and_then(|index| self.export?[index]);
        index.and_then(|index| *row.get(index)?).map(str::trim).unwrap_or_default()
    }

    /// Returns the start time of the point, if the row has one.
    pub(crate) fn start_time(&self, row: Row<'_>) -> Result<Option<Timestamp>, Rejection> {
        match self.text(row, "start_time") {
            "" => Ok(None),
            text => timestamp::parse(text)
                .map(Some)
                .map_err(|message| rejection(self.column("start_time"), message)),
        }
    }

    /// Returns the value of a row with this `kind`.
    pub(crate) fn read(&self, row: Row<'_>, kind: &str) -> Result<RowValue, Rejection> {
        let value = row.get(self.value).copied().flatten().map(str::trim).unwrap_or_default();
        let ended = self.text(row, "ended") == "true";
        if !value.is_empty() {
            let value = number(value)
                .ok_or_else(|| rejection(self.value, format!("{} is not a number", excerpt(value))))?;
            return Ok(RowValue::Number(if ended { STALE } else { value }));
        }
        if !self.text(row, "exemplar_value").is_empty() {
            return self.exemplar(row).map(RowValue::Exemplar);
        }
        if self.text(row, "count").is_empty() {
            return Err(rejection(self.value, "no value"));
        }
        let buckets = match kind.trim() {
            "histogram" => self.explicit(row)?,
            "exponential_histogram" => self.exponential(row)?,
            "summary" => self.quantiles(row)?,
            other => {
                let message = format!("a count cannot be of the kind {}", excerpt(other));
                return Err(rejection(self.column("count"), message));
            }
        };
        Ok(RowValue::Histogram(HistogramValue {
            count: self.whole(row, "count")?,
            sum: if ended { Some(STALE) } else { number(self.text(row, "sum")) },
            min: number(self.text(row, "min")),
            max: number(self.text(row, "max")),
            buckets,
        }))
    }

    fn exemplar(&self, row: Row<'_>) -> Result<ExemplarValue, Rejection> {
        let invalid = |name: &str, expected: &str| {
            rejection(self.column(name), format!("{} is not {expected}", excerpt(self.text(row, name))))
        };
        let (trace, span) = (self.text(row, "trace_id"), self.text(row, "span_id"));
        let attributes = self.text(row, "exemplar_attributes");
        Ok(ExemplarValue {
            value: number(self.text(row, "exemplar_value"))
                .ok_or_else(|| invalid("exemplar_value", "a number"))?,
            trace_id: match trace {
                "" => None,
                text => Some(text.parse().map_err(|_| invalid("trace_id", "a trace id"))?),
            },
            span_id: match span {
                "" => None,
                text => Some(text.parse().map_err(|_| invalid("span_id", "a span id"))?),
            },
            attributes: match attributes {
                "" => Attributes::new(),
                text => {
                    serde_json::from_str(text).map_err(|_| invalid("exemplar_attributes", "a JSON object"))?
                }
            },
        })
    }

    fn explicit(&self, row: Row<'_>) -> Result<Buckets, Rejection> {
        let (bounds, counts) = (self.numbers(row, "bucket_bounds")?, self.wholes(row, "bucket_counts")?);
        // The end of a series has no buckets.
        let empty = bounds.is_empty() && counts.is_empty();
        if !empty && counts.len() != bounds.len() + 1 || !bounds.is_sorted_by(|one, next| one < next) {
            let message = "the counts of the buckets do not match their bounds";
            return Err(rejection(self.column("bucket_counts"), message));
        }
        Ok(Buckets::Explicit { bounds, counts })
    }

    fn exponential(&self, row: Row<'_>) -> Result<Buckets, Rejection> {
        if self.text(row, "scale").is_empty() {
            let message = "an exponential histogram without its scale, as in older exports";
            return Err(rejection(self.column("count"), message));
        }
        Ok(Buckets::Exponential {
            scale: self.whole(row, "scale")?,
            zero_threshold: number(self.text(row, "zero_threshold")).unwrap_or_default(),
            zero_count: self.whole(row, "zero_count")?,
            positive_offset: self.whole(row, "positive_offset")?,
            positive: self.wholes(row, "bucket_counts")?,
            negative_offset: self.whole(row, "negative_offset")?,
            negative: self.wholes(row, "negative_counts")?,
        })
    }

    fn quantiles(&self, row: Row<'_>) -> Result<Buckets, Rejection> {
        let (quantiles, values) =
            (self.numbers(row, "bucket_bounds")?, self.numbers(row, "quantile_values")?);
        if quantiles.len() != values.len() {
            let message = "the numbers of values and quantiles differ";
            return Err(rejection(self.column("quantile_values"), message));
        }
        Ok(Buckets::Quantiles(quantiles.into_iter().zip(values).collect()))
    }

    fn whole<T: std::str::FromStr>(&self, row: Row<'_>, name: &str) -> Result<T, Rejection> {
        let text = self.text(row, name);
        text.parse().map_err(|_| {
            rejection(
                self.column(name),
                format!("the {} {} is not a whole number", name.replace('_', " "), excerpt(text)),
            )
        })
    }

    fn wholes(&self, row: Row<'_>, name: &str) -> Result<Vec<u64>, Rejection> {
        self.list(row, name, |text| text.parse().ok())
    }

    fn numbers(&self, row: Row<'_>, name: &str) -> Result<Vec<f64>, Rejection> {
        self.list(row, name, number)
    }

    /// Reads a list in brackets, as in JSON. NaN and infinity are words, quoted or not.
    fn list<T>(
        &self,
        row: Row<'_>,
        name: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Vec<T>, Rejection> {
        let text = self.text(row, name);
        let inside = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
        let inside = match (text, inside) {
            ("" | "null", _) => return Ok(Vec::new()),
            (_, Some(inside)) => inside.trim(),
            (_, None) => {
                return Err(rejection(self.column(name), format!("{} is not a list", excerpt(text))));
            }
        };
        if inside.is_empty() {
            return Ok(Vec::new());
        }
        let entries = inside.split(',').map(|entry| read(entry.trim().trim_matches('"')));
        entries.collect::<Option<_>>().ok_or_else(|| {
            rejection(self.column(name), format!("{} is not a list of numbers", excerpt(text)))
        })
    }
}

/// Reads a number, with common spellings of NaN, infinity and truth values.
pub(crate) fn number(text: &str) -> Option<f64> {
    match text.to_ascii_lowercase().as_str() {
        "nan" => Some(f64::NAN),
        "inf" | "+inf" | "infinity" => Some(f64::INFINITY),
        "-inf" | "-infinity" => Some(f64::NEG_INFINITY),
        "true" => Some(1.0),
        "false" => Some(0.0),
        number => number.parse().ok(),
    }
}
