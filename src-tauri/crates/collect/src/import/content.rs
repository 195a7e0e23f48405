//! What a row of a table holds beside its series and time: a number, or a histogram or summary as Binnacle writes it.

use model::{Attributes, Buckets, MetricKind, STALE, SpanId, Timestamp, TraceId};

use super::{
    moment::{self, shown},
    rows::{Refusal, refusal},
};

/// What a row holds.
#[derive(Debug, PartialEq)]
pub(crate) enum Content {
    Value(f64),
    Composite(Composite),
    /// No point but a measurement behind one.
    Measured(Measured),
}

/// An exemplar.
#[derive(Debug, PartialEq)]
pub(crate) struct Measured {
    pub(crate) value: f64,
    pub(crate) trace_id: Option<TraceId>,
    pub(crate) span_id: Option<SpanId>,
    pub(crate) attributes: Attributes,
}

/// A histogram or a summary.
#[derive(Debug, PartialEq)]
pub(crate) struct Composite {
    pub(crate) count: u64,
    pub(crate) sum: Option<f64>,
    pub(crate) min: Option<f64>,
    pub(crate) max: Option<f64>,
    pub(crate) buckets: Buckets,
}

impl Content {
    /// The kind of a series with such points; none for numbers and exemplars.
    pub(crate) fn kind(&self) -> Option<MetricKind> {
        match self {
            Self::Value(_) | Self::Measured(_) => None,
            Self::Composite(composite) => Some(match composite.buckets {
                Buckets::Explicit { .. } => MetricKind::Histogram,
                Buckets::Exponential { .. } => MetricKind::ExponentialHistogram,
                Buckets::Quantiles(_) => MetricKind::Summary,
            }),
        }
    }
}

/// Where a table keeps the values of its points.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PointColumns {
    value: usize,
    /// Those of the files that Binnacle writes, in the order of [`OWN`], if the first four are there.
    own: Option<[Option<usize>; OWN.len()]>,
}

const OWN: [&str; 19] = [
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
/// Those without which a file is not taken for one of Binnacle's.
const NEEDED: usize = 4;

type Row<'a> = &'a [Option<&'a str>];

impl PointColumns {
    /// Finds the columns; `value` is where numbers stand.
    pub(crate) fn find(value: usize, place: impl Fn(&str) -> Option<usize>) -> Self {
        let own = OWN.map(place);
        Self { value, own: own.iter().take(NEEDED).all(Option::is_some).then_some(own) }
    }

    /// Whether the table is one of those that Binnacle writes.
    pub(crate) fn is_own(&self) -> bool {
        self.own.is_some()
    }

    /// All the columns.
    pub(crate) fn all(&self) -> impl Iterator<Item = usize> {
        std::iter::once(self.value).chain(self.own.into_iter().flatten().flatten())
    }

    /// The column of a name, or that of values where there is none.
    fn column(&self, name: &str) -> usize {
        let index = OWN.iter().position(|own| *own == name);
        index.and_then(|index| self.own?[index]).unwrap_or(self.value)
    }

    fn text<'a>(&self, row: Row<'a>, name: &str) -> &'a str {
        let index = OWN.iter().position(|own| *own == name).and_then(|index| self.own?[index]);
        index.and_then(|index| *row.get(index)?).map(str::trim).unwrap_or_default()
    }

    /// Since when the point counts, if the row tells.
    pub(crate) fn start_time(&self, row: Row<'_>) -> Result<Option<Timestamp>, Refusal> {
        match self.text(row, "start_time") {
            "" => Ok(None),
            text => {
                moment::parse(text).map(Some).map_err(|message| refusal(self.column("start_time"), message))
            }
        }
    }

    /// The number or the histogram of a row whose kind is `kind`.
    pub(crate) fn read(&self, row: Row<'_>, kind: &str) -> Result<Content, Refusal> {
        let value = row.get(self.value).copied().flatten().map(str::trim).unwrap_or_default();
        let ended = self.text(row, "ended") == "true";
        if !value.is_empty() {
            let value = number(value)
                .ok_or_else(|| refusal(self.value, format!("{} is not a number", shown(value))))?;
            return Ok(Content::Value(if ended { STALE } else { value }));
        }
        if !self.text(row, "exemplar_value").is_empty() {
            return self.measured(row).map(Content::Measured);
        }
        if self.text(row, "count").is_empty() {
            return Err(refusal(self.value, "no value"));
        }
        let buckets = match kind.trim() {
            "histogram" => self.explicit(row)?,
            "exponential_histogram" => self.exponential(row)?,
            "summary" => self.quantiles(row)?,
            other => {
                let message = format!("a count cannot be of the kind {}", shown(other));
                return Err(refusal(self.column("count"), message));
            }
        };
        Ok(Content::Composite(Composite {
            count: self.whole(row, "count")?,
            sum: if ended { Some(STALE) } else { number(self.text(row, "sum")) },
            min: number(self.text(row, "min")),
            max: number(self.text(row, "max")),
            buckets,
        }))
    }

    fn measured(&self, row: Row<'_>) -> Result<Measured, Refusal> {
        let wrong = |name: &str, what: &str| {
            refusal(self.column(name), format!("{} is not {what}", shown(self.text(row, name))))
        };
        let (trace, span) = (self.text(row, "trace_id"), self.text(row, "span_id"));
        let attributes = self.text(row, "exemplar_attributes");
        Ok(Measured {
            value: number(self.text(row, "exemplar_value"))
                .ok_or_else(|| wrong("exemplar_value", "a number"))?,
            trace_id: match trace {
                "" => None,
                text => Some(text.parse().map_err(|_| wrong("trace_id", "a trace id"))?),
            },
            span_id: match span {
                "" => None,
                text => Some(text.parse().map_err(|_| wrong("span_id", "a span id"))?),
            },
            attributes: match attributes {
                "" => Attributes::new(),
                text => {
                    serde_json::from_str(text).map_err(|_| wrong("exemplar_attributes", "a JSON object"))?
                }
            },
        })
    }

    fn explicit(&self, row: Row<'_>) -> Result<Buckets, Refusal> {
        let (bounds, counts) = (self.numbers(row, "bucket_bounds")?, self.wholes(row, "bucket_counts")?);
        // A point that only ends a series has no buckets.
        let empty = bounds.is_empty() && counts.is_empty();
        if !empty && counts.len() != bounds.len() + 1 || !bounds.is_sorted_by(|one, next| one < next) {
            let message = "the counts of the buckets do not fit their bounds";
            return Err(refusal(self.column("bucket_counts"), message));
        }
        Ok(Buckets::Explicit { bounds, counts })
    }

    fn exponential(&self, row: Row<'_>) -> Result<Buckets, Refusal> {
        if self.text(row, "scale").is_empty() {
            let message = "an exponential histogram without its scale, as older exports have it";
            return Err(refusal(self.column("count"), message));
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

    fn quantiles(&self, row: Row<'_>) -> Result<Buckets, Refusal> {
        let (quantiles, values) =
            (self.numbers(row, "bucket_bounds")?, self.numbers(row, "quantile_values")?);
        if quantiles.len() != values.len() {
            let message = "not as many values as quantiles";
            return Err(refusal(self.column("quantile_values"), message));
        }
        Ok(Buckets::Quantiles(quantiles.into_iter().zip(values).collect()))
    }

    fn whole<T: std::str::FromStr>(&self, row: Row<'_>, name: &str) -> Result<T, Refusal> {
        let text = self.text(row, name);
        text.parse().map_err(|_| {
            refusal(
                self.column(name),
                format!("the {} {} is not a whole number", name.replace('_', " "), shown(text)),
            )
        })
    }

    fn wholes(&self, row: Row<'_>, name: &str) -> Result<Vec<u64>, Refusal> {
        self.list(row, name, |text| text.parse().ok())
    }

    fn numbers(&self, row: Row<'_>, name: &str) -> Result<Vec<f64>, Refusal> {
        self.list(row, name, number)
    }

    /// A list in brackets, as JSON has it; numbers that are not finite are words, quoted or not.
    fn list<T>(&self, row: Row<'_>, name: &str, read: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, Refusal> {
        let text = self.text(row, name);
        let inside = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
        let inside = match (text, inside) {
            ("" | "null", _) => return Ok(Vec::new()),
            (_, Some(inside)) => inside.trim(),
            (_, None) => return Err(refusal(self.column(name), format!("{} is not a list", shown(text)))),
        };
        if inside.is_empty() {
            return Ok(Vec::new());
        }
        let entries = inside.split(',').map(|entry| read(entry.trim().trim_matches('"')));
        entries
            .collect::<Option<_>>()
            .ok_or_else(|| refusal(self.column(name), format!("{} is not a list of numbers", shown(text))))
    }
}

/// Numbers as programs write them.
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
