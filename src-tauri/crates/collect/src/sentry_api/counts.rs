//! Errors and transactions, counted by Sentry in a time window.

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
    pages::Pages,
    rate_limiter::Endpoint,
    series::{self, MetricsBatch},
    window::Window,
};

/// Maximum number of pages of a table, in case the server never ends it.
const MAX_PAGES: usize = 500;

/// A variant of a query: data set, search and the field of the duration. Installations of different
/// versions support different variants.
struct QueryVariant {
    dataset: Option<&'static str>,
    query: &'static str,
    duration: &'static str,
}

const ERROR_VARIANTS: [QueryVariant; 2] = [
    QueryVariant { dataset: Some("errors"), query: "", duration: "" },
    QueryVariant { dataset: None, query: "!event.type:transaction", duration: "" },
];
const TRANSACTION_VARIANTS: [QueryVariant; 3] = [
    QueryVariant { dataset: Some("spans"), query: "is_transaction:true", duration: "span.duration" },
    QueryVariant { dataset: Some("transactions"), query: "", duration: "transaction.duration" },
    QueryVariant { dataset: None, query: "event.type:transaction", duration: "transaction.duration" },
];
const QUANTILES: [(&str, &str); 4] = [("p50", "0.5"), ("p75", "0.75"), ("p95", "0.95"), ("p99", "0.99")];

/// The variant that the installation accepted last.
#[derive(Debug, Default)]
pub(crate) struct LastVariant(AtomicUsize);

#[derive(Debug, Deserialize)]
struct Table {
    data: Vec<Map<String, Value>>,
}

/// Requests error events by project and level.
pub(crate) async fn errors(
    client: &Client,
    last_variant: &LastVariant,
    source: &str,
    organization: &Organization,
    window: Window,
) -> Result<model::TelemetryBatch, Failure> {
    let (rows, _) =
        table(client, last_variant, &ERROR_VARIANTS, &["project", "level"], organization, window, |_| vec![])
            .await?;
    let mut metrics = MetricsBatch::new(source, &organization.slug);
    for ((project, level), row) in rows {
        let level = if level.is_empty() { "unknown" } else { &level };
        let tags = [("level", level)];
        metrics.within(window, &series::ERRORS, &project, &tags, required(&row, "count()")?);
    }
    Ok(metrics.into_batch())
}

/// Requests transactions by project, with their durations.
pub(crate) async fn transactions(
    client: &Client,
    last_variant: &LastVariant,
    source: &str,
    organization: &Organization,
    window: Window,
) -> Result<model::TelemetryBatch, Failure> {
    let fields = |variant: &QueryVariant| {
        let mut fields = vec![format!("avg({})", variant.duration)];
        fields.extend(QUANTILES.iter().map(|(name, _)| format!("{name}({})", variant.duration)));
        fields
    };
    let (rows, variant) =
        table(client, last_variant, &TRANSACTION_VARIANTS, &["project"], organization, window, fields)
            .await?;
    let mut metrics = MetricsBatch::new(source, &organization.slug);
    for ((project, _), row) in rows {
        metrics.within(window, &series::TRANSACTIONS, &project, &[], required(&row, "count()")?);
        // Durations are in milliseconds.
        let seconds = |field: String| Some(row.get(&field)?.as_f64()? / 1e3);
        if let Some(average) = seconds(format!("avg({})", variant.duration)) {
            metrics.within(window, &series::TRANSACTION_DURATION_AVERAGE, &project, &[], average);
        }
        for (name, quantile) in QUANTILES {
            if let Some(value) = seconds(format!("{name}({})", variant.duration)) {
                let tags = [("quantile", quantile)];
                metrics.within(window, &series::TRANSACTION_DURATION, &project, &tags, value);
            }
        }
    }
    Ok(metrics.into_batch())
}

type Rows = BTreeMap<(String, String), Map<String, Value>>;

/// Requests the table grouped by `groups` (the project first), with the first of `variants` that is
/// accepted.
async fn table<'a>(
    client: &Client,
    last_variant: &LastVariant,
    variants: &'a [QueryVariant],
    groups: &[&str],
    organization: &Organization,
    window: Window,
    fields: impl Fn(&QueryVariant) -> Vec<String>,
) -> Result<(Rows, &'a QueryVariant), Failure> {
    let first = last_variant.0.load(Ordering::Relaxed) % variants.len();
    let mut rejection = Failure::NotFound;
    for attempt in 0..variants.len() {
        let index = (first + attempt) % variants.len();
        let variant = &variants[index];
        match fetch(client, variant, groups, organization, window, &fields(variant)).await {
            Ok(rows) => {
                last_variant.0.store(index, Ordering::Relaxed);
                return Ok((rows, variant));
            }
            Err(failure @ Failure::Rejected { status: 400, .. }) => rejection = failure,
            Err(failure) => return Err(failure),
        }
    }
    Err(rejection)
}

async fn fetch(
    client: &Client,
    variant: &QueryVariant,
    groups: &[&str],
    organization: &Organization,
    window: Window,
    fields: &[String],
) -> Result<Rows, Failure> {
    let mut query: Vec<(&str, String)> = groups.iter().map(|group| ("field", (*group).to_owned())).collect();
    query.push(("field", "count()".to_owned()));
    query.extend(fields.iter().map(|field| ("field", field.clone())));
    // A fixed order, so that pages neither repeat nor skip rows.
    query.extend(groups.iter().map(|group| ("sort", (*group).to_owned())));
    query.extend(variant.dataset.map(|dataset| ("dataset", dataset.to_owned())));
    query.push(("query", variant.query.to_owned()));
    query.push(("start", Window::text(window.start)));
    query.push(("end", Window::text(window.end)));
    query.push(("per_page", "100".to_owned()));
    query.push(("referrer", "api.binnacle".to_owned()));
    query.extend(organization.project_parameters());
    let mut rows = Rows::new();
    let path = organization.path("events");
    let mut pages = Pages::new(client, Endpoint::Events, &path, &query, MAX_PAGES);
    while let Some(page) = pages.next_page::<Table>().await? {
        for row in page.data {
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
    }
    Ok(rows)
}

fn required(row: &Map<String, Value>, field: &str) -> Result<f64, Failure> {
    row.get(field)
        .and_then(Value::as_f64)
        .ok_or_else(|| Failure::Broken(format!("events: a row has no number `{field}`")))
}
