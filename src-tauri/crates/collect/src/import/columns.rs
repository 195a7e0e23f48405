//! The columns of a table of samples.

use prometheus::excerpt;

use super::row_value::PointColumns;

/// The columns of a table.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Columns {
    pub(super) count: usize,
    pub(super) time: usize,
    pub(super) metric: usize,
    pub(super) kind: Option<usize>,
    pub(super) unit: Option<usize>,
    pub(super) service: Option<usize>,
    pub(super) tags: Option<usize>,
    pub(super) points: PointColumns,
    /// Further columns of the series' identity, in our own exports.
    pub(super) identity: IdentityColumns,
    pub(super) others: Vec<(String, usize)>,
}

impl IdentityColumns {
    /// Returns the existing columns.
    pub(super) fn all(&self) -> impl Iterator<Item = usize> {
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
    /// Finds the columns by the names in the header, in any case.
    pub(crate) fn find(header: &[String]) -> Result<Self, String> {
        let names: Vec<String> = header.iter().map(|name| name.trim().to_ascii_lowercase()).collect();
        let position =
            |wanted: &[&str]| wanted.iter().find_map(|wanted| names.iter().position(|name| name == wanted));
        let required = |wanted: &[&str]| {
            position(wanted).ok_or_else(|| {
                let list = header.iter().map(|name| excerpt(name)).take(20).collect::<Vec<_>>().join(", ");
                format!("no column is named {}; the columns are {list}", wanted.join(" or "))
            })
        };
        let points = PointColumns::find(required(&["value", "val"])?, |name| position(&[name]));
        let export = |name: &str| position(&[name]).filter(|_| points.is_export());
        let tags = position(&["tags", "labels", "attributes"]);
        let identity = IdentityColumns {
            description: export("description"),
            temporality: export("temporality"),
            monotonic: export("monotonic"),
            scope_name: export("scope_name"),
            scope_version: export("scope_version"),
            resource: export("resource"),
            attributes: export("attributes").filter(|index| Some(*index) != tags),
        };
        let mut columns = Self {
            count: header.len(),
            time: required(&["time", "timestamp", "ts", "date", "datetime"])?,
            metric: required(&["metric", "name", "__name__", "metric_name"])?,
            kind: position(&["kind", "type"]),
            unit: position(&["unit"]),
            service: position(&["service", "service.name", "service_name"]),
            tags,
            identity,
            points,
            others: Vec::new(),
        };
        let mut used: Vec<usize> = vec![columns.time, columns.metric];
        used.extend([columns.kind, columns.unit, columns.service, columns.tags].into_iter().flatten());
        used.extend(columns.points.all());
        used.extend(columns.identity.all());
        for (index, name) in header.iter().enumerate().filter(|(index, _)| !used.contains(index)) {
            let name = name.trim();
            if name.is_empty() {
                return Err(format!("column {} has no name", index + 1));
            }
            columns.others.push((name.to_owned(), index));
        }
        Ok(columns)
    }
}

/// Columns of the series' identity besides name, kind, unit and tags, in our own exports.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct IdentityColumns {
    pub(super) description: Option<usize>,
    pub(super) temporality: Option<usize>,
    pub(super) monotonic: Option<usize>,
    pub(super) scope_name: Option<usize>,
    pub(super) scope_version: Option<usize>,
    /// The attributes of the resource, which are in `tags` too.
    pub(super) resource: Option<usize>,
    /// The attributes of the series, if tags and resource are ambiguous.
    pub(super) attributes: Option<usize>,
}
