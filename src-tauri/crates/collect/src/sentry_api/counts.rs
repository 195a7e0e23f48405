//! Errors and transactions, counted by Sentry over a stretch of time.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    client::Client,
    directory::Organization,
    failure::Failure,
    pace::Endpoint,
    series::{self, Figures},
    windows::Window,
};

/// Longer tables are taken for a server that never ends them.
const MOST_PAGES: usize = 500;

/// One way to ask: the data set and the search that choose the events, and the field that holds the duration.
/// Installations of different age know different ones.
struct Way {
    dataset: Option<&'static str>,
    query: &'static str,
    duration: &'static str,
}

const ERROR_WAYS: [Way; 2] = [
    Way { dataset: Some("errors"), query: "", duration: "" },
    Way { dataset: None, query: "!event.type:transaction", duration: "" },
];
const TRANSACTION_WAYS: [Way; 3] = [
    Way { dataset: Some("spans"), query: "is_transaction:true", duration: "span.duration" },
    Way { dataset: Some("transactions"), query: "", duration: "transaction.duration" },
    Way { dataset: None, query: "event.type:transaction", duration: "transaction.duration" },
];
const QUANTILES: [(&str, &str); 4] = [("p50", "0.5"), ("p75", "0.75"), ("p95", "0.95"), ("p99", "0.99")];

/// Which way the installation understood last.
#[derive(Debug, Default)]
pub(crate) struct Known(AtomicUsize);

#[derive(Debug, Deserialize)]
struct Table {
    data: Vec<Map<String, Value>>,
}

/// Error events by project and level.
pub(crate) async fn errors(
    client: &Client,
    known: &Known,
    source: &str,
    organization: &Organization,
    window: Window,
) -> Result<model::TelemetryBatch, Failure> {
    let (rows, _) =
        table(client, known, &ERROR_WAYS, &["project", "level"], organization, window, |_| vec![]).await?;
    let mut figures = Figures::new(source, &organization.slug);
    for ((project, level), row) in rows {
        let level = if level.is_empty() { "unknown" } else { &level };
        let tags = [("level", level)];
        figures.within(window, &series::ERRORS, &project, &tags, required(&row, "count()")?);
    }
    Ok(figures.into_batch())
}

/// Transactions by project, with their durations.
pub(crate) async fn transactions(
    client: &Client,
    known: &Known,
    source: &str,
    organization: &Organization,
    window: Window,
) -> Result<model::TelemetryBatch, Failure> {
    let fields = |way: &Way| {
        let mut fields = vec![format!("avg({})", way.duration)];
        fields.extend(QUANTILES.iter().map(|(name, _)| format!("{name}({})", way.duration)));
        fields
    };
    let (rows, way) =
        table(client, known, &TRANSACTION_WAYS, &["project"], organization, window, fields).await?;
    let mut figures = Figures::new(source, &organization.slug);
    for ((project, _), row) in rows {
        figures.within(window, &series::TRANSACTIONS, &project, &[], required(&row, "count()")?);
        // Sentry tells durations in milliseconds.
        let seconds = |field: String| Some(row.get(&field)?.as_f64()? / 1e3);
        if let Some(average) = seconds(format!("avg({})", way.duration)) {
            figures.within(window, &series::TRANSACTION_DURATION_AVERAGE, &project, &[], average);
        }
        for (name, quantile) in QUANTILES {
            if let Some(value) = seconds(format!("{name}({})", way.duration)) {
                let tags = [("quantile", quantile)];
                figures.within(window, &series::TRANSACTION_DURATION, &project, &tags, value);
            }
        }
    }
    Ok(figures.into_batch())
}

type Rows = BTreeMap<(String, String), Map<String, Value>>;

/// The table grouped by `groups` (the project first), asked in the first of `ways` that is understood.
async fn table<'a>(
    client: &Client,
    known: &Known,
    ways: &'a [Way],
    groups: &[&str],
    organization: &Organization,
    window: Window,
    fields: impl Fn(&Way) -> Vec<String>,
) -> Result<(Rows, &'a Way), Failure> {
    let first = known.0.load(Ordering::Relaxed) % ways.len();
    let mut refused = Failure::NotFound;
    for attempt in 0..ways.len() {
        let index = (first + attempt) % ways.len();
        let way = &ways[index];
        match ask(client, way, groups, organization, window, &fields(way)).await {
            Ok(rows) => {
                known.0.store(index, Ordering::Relaxed);
                return Ok((rows, way));
            }
            Err(failure @ Failure::Rejected { status: 400, .. }) => refused = failure,
            Err(failure) => return Err(failure),
        }
    }
    Err(refused)
}

async fn ask(
    client: &Client,
    way: &Way,
    groups: &[&str],
    organization: &Organization,
    window: Window,
    fields: &[String],
) -> Result<Rows, Failure> {
    let mut query: Vec<(&str, String)> = groups.iter().map(|group| ("field", (*group).to_owned())).collect();
    query.push(("field", "count()".to_owned()));
    query.extend(fields.iter().map(|field| ("field", field.clone())));
    // In a settled order, so that pages neither repeat nor skip rows.
    query.extend(groups.iter().map(|group| ("sort", (*group).to_owned())));
    query.extend(way.dataset.map(|dataset| ("dataset", dataset.to_owned())));
    query.push(("query", way.query.to_owned()));
    query.push(("start", Window::text(window.start)));
    query.push(("end", Window::text(window.end)));
    query.push(("per_page", "100".to_owned()));
    query.push(("referrer", "api.binnacle".to_owned()));
    query.extend(organization.project_parameters());
    let mut rows = Rows::new();
    let mut cursor: Option<String> = None;
    for _ in 0..MOST_PAGES {
        let mut query = query.clone();
        query.extend(cursor.take().map(|cursor| ("cursor", cursor)));
        let page = client.get::<Table>(Endpoint::Events, &organization.path("events"), &query).await?;
        for row in page.body.data {
            let text = |group: Option<&&str>| match group {
                Some(group) => match row.get(*group) {
                    Some(Value::String(text)) => Ok(text.clone()),
                    Some(Value::Null) => Ok(String::new()),
                    _ => Err(Failure::Broken(format!("events: a row has no field `{group}`"))),
                },
                None => Ok(String::new()),
            };
            rows.insert((text(groups.first())?, text(groups.get(1))?), row);
        }
        match page.next {
            Some(next) => cursor = Some(next),
            None => return Ok(rows),
        }
    }
    Err(Failure::Broken("events: the table has no end".to_owned()))
}

fn required(row: &Map<String, Value>, field: &str) -> Result<f64, Failure> {
    row.get(field)
        .and_then(Value::as_f64)
        .ok_or_else(|| Failure::Broken(format!("events: a row has no number `{field}`")))
}
