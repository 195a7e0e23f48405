//! Rows of a table as points of series.

use std::{collections::HashMap, sync::Arc};

use model::{MetricKind, Resource, Scope, Series, SeriesId, Temporality, Timestamp};
use prometheus::excerpt;

use super::{
    columns::Columns,
    rejection::{Rejection, rejection},
    row_attributes::row_attributes,
    row_value::RowValue,
    timestamp,
};

/// Maximum number of bytes of the cache of series. A row of a cached series needs no parsing of
/// text.
const MAX_CACHE_BYTES: usize = 16 << 20;
/// Estimated memory size of a cached series besides its key.
const SERIES_BYTES: usize = 300;

/// A point of a series.
#[derive(Debug)]
pub(crate) struct Point {
    pub(crate) series: Arc<(SeriesId, Series)>,
    pub(crate) time: Timestamp,
    pub(crate) start_time: Option<Timestamp>,
    pub(crate) value: RowValue,
}

/// The reader of a table's rows.
pub(crate) struct RowReader {
    columns: Columns,
    service: String,
    now: Timestamp,
    cache: HashMap<String, Arc<(SeriesId, Series)>>,
    cached_bytes: usize,
    key: String,
}

impl RowReader {
    /// Creates a reader; `service` is the service of rows without one.
    pub(crate) fn new(columns: Columns, service: String, now: Timestamp) -> Self {
        Self { columns, service, now, cache: HashMap::new(), cached_bytes: 0, key: String::new() }
    }

    /// Returns the point of a row.
    pub(crate) fn read(&mut self, row: &[Option<&str>]) -> Result<Point, Rejection> {
        let columns = &self.columns;
        if row.len() != columns.count {
            let message = format!("{} fields where the header has {}", row.len(), columns.count);
            return Err(rejection(row.len().min(columns.count), message));
        }
        let text = |index: usize| row.get(index).copied().flatten().unwrap_or_default();
        let time = timestamp::parse(text(columns.time))
            .and_then(|time| timestamp::validate(time, self.now))
            .map_err(|message| rejection(columns.time, message))?;
        let kind = columns.kind.map(text).unwrap_or_default();
        let value = columns.points.read(row, kind)?;
        let start_time = columns.points.start_time(row)?;
        self.key.clear();
        let identifying = [Some(columns.metric), columns.kind, columns.unit, columns.service, columns.tags];
        let others = columns.others.iter().map(|(_, index)| *index);
        for index in identifying.into_iter().flatten().chain(columns.identity.all()).chain(others) {
            self.key.push_str(text(index));
            self.key.push('\u{1f}');
        }
        let series = match self.cache.get(&self.key) {
            Some(series) => Arc::clone(series),
            None => {
                let kind = match &value {
                    RowValue::Exemplar(_) => histogram_kind(kind),
                    value => value.kind(),
                };
                let series = self.series(row, kind)?;
                let series = Arc::new((series.id(), series));
                self.cached_bytes += self.key.len() + SERIES_BYTES;
                if self.cached_bytes > MAX_CACHE_BYTES {
                    self.cache.clear();
                    self.cached_bytes = self.key.len() + SERIES_BYTES;
                }
                self.cache.insert(self.key.clone(), Arc::clone(&series));
                series
            }
        };
        Ok(Point { series, time, start_time, value })
    }

    fn series(&self, row: &[Option<&str>], histogram_kind: Option<MetricKind>) -> Result<Series, Rejection> {
        let columns = &self.columns;
        let text = |index: usize| row.get(index).copied().flatten().unwrap_or_default();
        let name = text(columns.metric).trim();
        if name.is_empty() {
            return Err(rejection(columns.metric, "no metric name"));
        }
        let declared = columns.kind.map(|kind| (kind, text(kind).trim().to_ascii_lowercase()));
        let kind = match (histogram_kind, declared) {
            (Some(kind), _) => kind,
            (None, None) => MetricKind::Gauge,
            (None, Some((column, kind))) => match kind.as_str() {
                "" | "gauge" | "untyped" | "unknown" => MetricKind::Gauge,
                "counter" | "sum" => MetricKind::Counter,
                _ => {
                    return Err(rejection(
                        column,
                        format!("a value cannot be of the kind {}", excerpt(&kind)),
                    ));
                }
            },
        };
        let (resource, attributes) = row_attributes(columns, row, &self.service)?;
        let optional = |index: Option<usize>| index.map(text).unwrap_or_default();
        let counts = !matches!(kind, MetricKind::Gauge | MetricKind::Summary);
        let temporality = match optional(columns.identity.temporality) {
            "delta" => Temporality::Delta,
            "cumulative" => Temporality::Cumulative,
            "unspecified" => Temporality::Unspecified,
            _ if counts => Temporality::Cumulative,
            _ => Temporality::Unspecified,
        };
        let scope = Scope {
            name: optional(columns.identity.scope_name).to_owned(),
            version: optional(columns.identity.scope_version).to_owned(),
        };
        Ok(Series {
            name: name.to_owned(),
            kind,
            unit: columns.unit.map(text).unwrap_or_default().to_owned(),
            description: optional(columns.identity.description).to_owned(),
            temporality,
            monotonic: match optional(columns.identity.monotonic) {
                "true" => true,
                "false" => false,
                _ => counts,
            },
            resource: Arc::new(Resource { attributes: resource }),
            scope: Arc::new(scope),
            attributes,
        })
    }
}

/// Returns the kind of histograms and summaries; none for kinds of numbers.
fn histogram_kind(name: &str) -> Option<MetricKind> {
    match name.trim() {
        "histogram" => Some(MetricKind::Histogram),
        "exponential_histogram" => Some(MetricKind::ExponentialHistogram),
        "summary" => Some(MetricKind::Summary),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use model::{Attributes, Buckets};

    use super::*;
    use crate::import::row_value::HistogramValue;

    fn reader(header: &[&str]) -> RowReader {
        let header: Vec<String> = header.iter().map(|name| (*name).to_owned()).collect();
        RowReader::new(
            Columns::find(&header).unwrap(),
            "imported".into(),
            Timestamp(1_800_000_000_000_000_000),
        )
    }

    fn read(reader: &mut RowReader, row: &[&str]) -> Result<Point, Rejection> {
        let row: Vec<Option<&str>> = row.iter().map(|text| Some(*text)).collect();
        reader.read(&row)
    }

    #[test]
    fn further_columns_become_tags() {
        let mut reader = reader(&["Name", "Timestamp", "room", "VALUE", "service"]);
        let point = read(&mut reader, &["temp", "1700000000", "lab", "21.5", ""]).unwrap();
        let series = &point.series.1;
        assert_eq!(
            (series.name.as_str(), series.kind, series.resource.service()),
            ("temp", MetricKind::Gauge, "imported")
        );
        assert_eq!(series.attributes, Attributes::new().with("room", "lab"));
        assert_eq!((point.time, point.value), (Timestamp(1_700_000_000_000_000_000), RowValue::Number(21.5)));
        let other = read(&mut reader, &["temp", "1700000000", "", "nan", "s2"]).unwrap();
        assert_eq!(other.series.1.resource.service(), "s2");
        assert!(other.series.1.attributes.0.is_empty() && other.series.0 != point.series.0);
    }

    const HEADER: [&str; 11] = [
        "time",
        "metric",
        "kind",
        "unit",
        "service",
        "value",
        "count",
        "sum",
        "bucket_bounds",
        "bucket_counts",
        "tags",
    ];

    #[test]
    fn exports_are_imported_unchanged() {
        let mut reader = reader(&HEADER);
        let tags = "{\"cpu.logical_number\":1,\"host.name\":\"h\",\"service.name\":\"host\"}";
        let point = read(
            &mut reader,
            &["2024-01-01 00:00:00.5", "c", "counter", "s", "host", "3", "", "", "", "", tags],
        )
        .unwrap();
        let series = &point.series.1;
        assert_eq!(series.attributes, Attributes::new().with("cpu.logical_number", 1));
        assert_eq!(series.resource.attributes.text("host.name"), Some("h"));
        assert_eq!(
            (series.kind, series.temporality, series.unit.as_str()),
            (MetricKind::Counter, Temporality::Cumulative, "s")
        );
        let row = [
            "2024-01-01 00:00:00",
            "h",
            "histogram",
            "s",
            "host",
            "",
            "6",
            "1.5",
            "[0.1,1]",
            "[1,2,3]",
            "{}",
        ];
        let point = read(&mut reader, &row).unwrap();
        let expected = RowValue::Histogram(HistogramValue {
            count: 6,
            sum: Some(1.5),
            min: None,
            max: None,
            buckets: Buckets::Explicit { bounds: vec![0.1, 1.0], counts: vec![1, 2, 3] },
        });
        assert_eq!(point.value, expected);
    }

    #[test]
    fn invalid_rows_are_rejected_with_the_column() {
        let mut reader = reader(&HEADER);
        let good = ["2024-01-01", "m", "gauge", "", "s", "1", "", "", "", "", "{}"];
        assert!(read(&mut reader, &good).is_ok());
        for (column, text, message) in [
            (0, "yesterday", "not a time"),
            (0, "12", "before 1990"),
            (0, "2099-01-01", "ahead of now"),
            (1, " ", "no metric name"),
            (2, "summary", "kind"),
            (5, "one", "not a number"),
            (5, "", "no value"),
            (10, "[1]", "JSON object"),
        ] {
            let mut row = good;
            row[column] = text;
            let error = read(&mut reader, &row).unwrap_err();
            assert_eq!(error.column, column, "{error:?}");
            assert!(error.message.contains(message), "{error:?}");
        }
        for (counts, kind) in [("[1]", "histogram"), ("x", "histogram"), ("[1,2]", "exponential_histogram")] {
            let row = ["2024-01-01", "m", kind, "", "s", "", "3", "1", "[1]", counts, "{}"];
            let outcome = read(&mut reader, &row);
            assert!(outcome.is_err(), "{kind} {counts}");
        }
        assert_eq!(read(&mut reader, &good[..5]).unwrap_err().column, 5);
        assert!(Columns::find(&["time".into(), "value".into()]).unwrap_err().contains("metric"));
        assert!(Columns::find(&["time".into(), "value".into(), "name".into(), " ".into()]).is_err());
    }
}
