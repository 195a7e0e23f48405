//! Rows of a table as points of series: which column holds what, and how a row is read.

use std::{collections::HashMap, sync::Arc};

use model::{
    AttributeValue, Attributes, MetricKind, Resource, Scope, Series, SeriesId, Temporality, Timestamp,
};

use super::{
    content::{Content, PointColumns},
    moment::{self, shown},
};

/// Attributes that tell who speaks, not what is measured. In files written by Binnacle both stand together.
const OF_RESOURCE: [&str; 14] = [
    "service.name",
    "service.version",
    "service.namespace",
    "service.instance.id",
    "host.name",
    "host.arch",
    "host.id",
    "os.type",
    "telemetry.sdk.name",
    "telemetry.sdk.language",
    "telemetry.sdk.version",
    "deployment.environment",
    "deployment.environment.name",
    "binnacle.demonstration",
];
/// Bytes of text by which series are remembered, so that a row of a known one needs no work on text.
const REMEMBERED_BYTES: usize = 16 << 20;
/// What a series takes beside that, at least.
const SERIES_BYTES: usize = 300;

/// Where a table keeps what.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Columns {
    count: usize,
    time: usize,
    metric: usize,
    kind: Option<usize>,
    unit: Option<usize>,
    service: Option<usize>,
    tags: Option<usize>,
    points: PointColumns,
    /// What else tells a series from others, in the files that Binnacle writes.
    identity: Identity,
    others: Vec<(String, usize)>,
}

impl Identity {
    fn all(&self) -> impl Iterator<Item = usize> {
        [
            self.description,
            self.temporality,
            self.monotonic,
            self.scope_name,
            self.scope_version,
            self.resource,
            self.attributes,
        ]
        .into_iter()
        .flatten()
    }
}

impl Columns {
    /// Finds the columns by the names in the header, in whatever case.
    pub(crate) fn find(header: &[String]) -> Result<Self, String> {
        let names: Vec<String> = header.iter().map(|name| name.trim().to_ascii_lowercase()).collect();
        let place =
            |wanted: &[&str]| wanted.iter().find_map(|wanted| names.iter().position(|name| name == wanted));
        let needed = |wanted: &[&str]| {
            place(wanted).ok_or_else(|| {
                let list = header.iter().map(|name| shown(name)).take(20).collect::<Vec<_>>().join(", ");
                format!("no column is called {}; there are {list}", wanted.join(" or "))
            })
        };
        let points = PointColumns::find(needed(&["value", "val"])?, |name| place(&[name]));
        let own = |name: &str| place(&[name]).filter(|_| points.is_own());
        let tags = place(&["tags", "labels", "attributes"]);
        let identity = Identity {
            description: own("description"),
            temporality: own("temporality"),
            monotonic: own("monotonic"),
            scope_name: own("scope_name"),
            scope_version: own("scope_version"),
            resource: own("resource"),
            attributes: own("attributes").filter(|index| Some(*index) != tags),
        };
        let mut columns = Self {
            count: header.len(),
            time: needed(&["time", "timestamp", "ts", "date", "datetime"])?,
            metric: needed(&["metric", "name", "__name__", "metric_name"])?,
            kind: place(&["kind", "type"]),
            unit: place(&["unit"]),
            service: place(&["service", "service.name", "service_name"]),
            tags,
            identity,
            points,
            others: Vec::new(),
        };
        let mut taken: Vec<usize> = vec![columns.time, columns.metric];
        taken.extend([columns.kind, columns.unit, columns.service, columns.tags].into_iter().flatten());
        taken.extend(columns.points.all());
        taken.extend(columns.identity.all());
        for (index, name) in header.iter().enumerate().filter(|(index, _)| !taken.contains(index)) {
            let name = name.trim();
            if name.is_empty() {
                return Err(format!("column {} has no name", index + 1));
            }
            columns.others.push((name.to_owned(), index));
        }
        Ok(columns)
    }
}

/// Where files that Binnacle writes keep what tells a series from others beside name, kind, unit and tags.
#[derive(Debug, Default, PartialEq, Eq)]
struct Identity {
    description: Option<usize>,
    temporality: Option<usize>,
    monotonic: Option<usize>,
    scope_name: Option<usize>,
    scope_version: Option<usize>,
    /// The attributes of the resource, which `tags` holds too.
    resource: Option<usize>,
    /// The points' own, where tags and resource do not tell which they are.
    attributes: Option<usize>,
}

/// A row that makes no point, and the column that is to blame.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) column: usize,
    pub(crate) message: String,
}

pub(super) fn refusal(column: usize, message: impl Into<String>) -> Refusal {
    Refusal { column, message: message.into() }
}

/// A point of a series.
#[derive(Debug)]
pub(crate) struct Point {
    pub(crate) series: Arc<(SeriesId, Series)>,
    pub(crate) time: Timestamp,
    pub(crate) start_time: Option<Timestamp>,
    pub(crate) content: Content,
}

/// Reads the rows of one table.
pub(crate) struct RowReader {
    columns: Columns,
    service: String,
    now: Timestamp,
    known: HashMap<String, Arc<(SeriesId, Series)>>,
    known_bytes: usize,
    key: String,
}

impl RowReader {
    /// `service` is that of rows that name none.
    pub(crate) fn new(columns: Columns, service: String, now: Timestamp) -> Self {
        Self { columns, service, now, known: HashMap::new(), known_bytes: 0, key: String::new() }
    }

    /// The point that a row tells.
    pub(crate) fn read(&mut self, row: &[Option<&str>]) -> Result<Point, Refusal> {
        let columns = &self.columns;
        if row.len() != columns.count {
            let message = format!("{} fields where the header has {}", row.len(), columns.count);
            return Err(refusal(row.len().min(columns.count), message));
        }
        let text = |index: usize| row.get(index).copied().flatten().unwrap_or_default();
        let time = moment::parse(text(columns.time))
            .and_then(|time| moment::plausible(time, self.now))
            .map_err(|message| refusal(columns.time, message))?;
        let kind = columns.kind.map(text).unwrap_or_default();
        let content = columns.points.read(row, kind)?;
        let start_time = columns.points.start_time(row)?;
        self.key.clear();
        let told = [Some(columns.metric), columns.kind, columns.unit, columns.service, columns.tags];
        let others = columns.others.iter().map(|(_, index)| *index);
        for index in told.into_iter().flatten().chain(columns.identity.all()).chain(others) {
            self.key.push_str(text(index));
            self.key.push('\u{1f}');
        }
        let series = match self.known.get(&self.key) {
            Some(series) => Arc::clone(series),
            None => {
                let told = columns.kind.map(text).unwrap_or_default();
                let kind = match &content {
                    Content::Measured(_) => composite_named(told),
                    content => content.kind(),
                };
                let series = self.series(row, kind)?;
                let series = Arc::new((series.id(), series));
                self.known_bytes += self.key.len() + SERIES_BYTES;
                if self.known_bytes > REMEMBERED_BYTES {
                    self.known.clear();
                    self.known_bytes = self.key.len() + SERIES_BYTES;
                }
                self.known.insert(self.key.clone(), Arc::clone(&series));
                series
            }
        };
        Ok(Point { series, time, start_time, content })
    }

    fn series(&self, row: &[Option<&str>], composite: Option<MetricKind>) -> Result<Series, Refusal> {
        let columns = &self.columns;
        let text = |index: usize| row.get(index).copied().flatten().unwrap_or_default();
        let name = text(columns.metric).trim();
        if name.is_empty() {
            return Err(refusal(columns.metric, "no name of a metric"));
        }
        let told = columns.kind.map(|kind| (kind, text(kind).trim().to_ascii_lowercase()));
        let kind = match (composite, told) {
            (Some(kind), _) => kind,
            (None, None) => MetricKind::Gauge,
            (None, Some((column, kind))) => match kind.as_str() {
                "" | "gauge" | "untyped" | "unknown" => MetricKind::Gauge,
                "counter" | "sum" => MetricKind::Counter,
                _ => return Err(refusal(column, format!("a value cannot be of the kind {}", shown(&kind)))),
            },
        };
        let mut attributes = Attributes::new();
        let mut resource = Attributes::new();
        if let Some(tags) = columns.tags.filter(|tags| !text(*tags).trim().is_empty()) {
            let told: Attributes = serde_json::from_str(text(tags))
                .map_err(|error| refusal(tags, format!("the tags are not a JSON object: {error}")))?;
            let of_resource = match columns.identity.resource.filter(|index| !text(*index).is_empty()) {
                Some(index) => Some(serde_json::from_str::<Attributes>(text(index)).map_err(|error| {
                    refusal(index, format!("the resource is not a JSON object: {error}"))
                })?),
                None => None,
            };
            for (key, value) in told.0 {
                let speaks = match &of_resource {
                    Some(of_resource) => of_resource.0.get(&key) == Some(&value),
                    None => OF_RESOURCE.contains(&key.as_str()),
                };
                let part = if speaks { &mut resource } else { &mut attributes };
                part.0.insert(key, value);
            }
            // What the series' own tags hide of it.
            for (key, value) in of_resource.into_iter().flat_map(|attributes| attributes.0) {
                resource.0.entry(key).or_insert(value);
            }
        }
        if let Some(own) = columns.identity.attributes.filter(|index| !text(*index).trim().is_empty()) {
            attributes = serde_json::from_str(text(own))
                .map_err(|error| refusal(own, format!("the attributes are not a JSON object: {error}")))?;
        }
        for (key, index) in &columns.others {
            if let Some(value) = row.get(*index).copied().flatten().filter(|value| !value.is_empty()) {
                attributes.0.insert(key.clone(), AttributeValue::String(value.to_owned()));
            }
        }
        let named = columns.service.map(text).filter(|service| !service.is_empty());
        // What Binnacle calls a service without a name is none.
        let unnamed = named == Some(model::UNKNOWN_SERVICE) && !resource.0.contains_key("service.name");
        if !unnamed && !resource.0.contains_key("service.name") {
            resource = resource.with("service.name", named.unwrap_or(&self.service));
        }
        let told = |index: Option<usize>| index.map(text).unwrap_or_default();
        let counts = !matches!(kind, MetricKind::Gauge | MetricKind::Summary);
        let temporality = match told(columns.identity.temporality) {
            "delta" => Temporality::Delta,
            "cumulative" => Temporality::Cumulative,
            "unspecified" => Temporality::Unspecified,
            _ if counts => Temporality::Cumulative,
            _ => Temporality::Unspecified,
        };
        let scope = Scope {
            name: told(columns.identity.scope_name).to_owned(),
            version: told(columns.identity.scope_version).to_owned(),
        };
        Ok(Series {
            name: name.to_owned(),
            kind,
            unit: columns.unit.map(text).unwrap_or_default().to_owned(),
            description: told(columns.identity.description).to_owned(),
            temporality,
            monotonic: match told(columns.identity.monotonic) {
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

/// The kind of a name if its points are no mere numbers.
fn composite_named(name: &str) -> Option<MetricKind> {
    match name.trim() {
        "histogram" => Some(MetricKind::Histogram),
        "exponential_histogram" => Some(MetricKind::ExponentialHistogram),
        "summary" => Some(MetricKind::Summary),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use model::Buckets;

    use super::*;
    use crate::import::content::Composite;

    fn reader(header: &[&str]) -> RowReader {
        let header: Vec<String> = header.iter().map(|name| (*name).to_owned()).collect();
        RowReader::new(
            Columns::find(&header).unwrap(),
            "imported".into(),
            Timestamp(1_800_000_000_000_000_000),
        )
    }

    fn read(reader: &mut RowReader, row: &[&str]) -> Result<Point, Refusal> {
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
        assert_eq!((point.time, point.content), (Timestamp(1_700_000_000_000_000_000), Content::Value(21.5)));
        let other = read(&mut reader, &["temp", "1700000000", "", "nan", "s2"]).unwrap();
        assert_eq!(other.series.1.resource.service(), "s2");
        assert!(other.series.1.attributes.0.is_empty() && other.series.0 != point.series.0);
    }

    const OWN: [&str; 11] = [
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
    fn own_exports_come_back() {
        let mut reader = reader(&OWN);
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
        let expected = Content::Composite(Composite {
            count: 6,
            sum: Some(1.5),
            min: None,
            max: None,
            buckets: Buckets::Explicit { bounds: vec![0.1, 1.0], counts: vec![1, 2, 3] },
        });
        assert_eq!(point.content, expected);
    }

    #[test]
    fn bad_rows_are_refused_with_the_column() {
        let mut reader = reader(&OWN);
        let good = ["2024-01-01", "m", "gauge", "", "s", "1", "", "", "", "", "{}"];
        assert!(read(&mut reader, &good).is_ok());
        for (column, text, message) in [
            (0, "yesterday", "not a time"),
            (0, "12", "before 1990"),
            (0, "2099-01-01", "ahead of now"),
            (1, " ", "no name"),
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
