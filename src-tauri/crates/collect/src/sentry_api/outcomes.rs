//! Outcomes of everything sent to Sentry, which also show the used quota.

use chrono::DateTime;
use model::{NANOS_PER_SECOND, TelemetryBatch, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    client::Client,
    directory::{Organization, number},
    failure::Failure,
    rate_limiter::Endpoint,
    series::{self, MetricsBatch},
    window::Window,
};

const QUANTITY: &str = "sum(quantity)";

/// The response format of `stats_v2` and `sessions`.
#[derive(Debug, Deserialize)]
pub(crate) struct Groups {
    start: String,
    end: String,
    pub(crate) groups: Vec<Group>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Group {
    pub(crate) by: Map<String, Value>,
    #[serde(default)]
    pub(crate) totals: Map<String, Value>,
}

impl Group {
    /// Returns a grouping value; empty if unknown to Sentry.
    pub(crate) fn by(&self, key: &str) -> &str {
        self.by.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    /// Returns the project of the group.
    pub(crate) fn project(&self, organization: &Organization, endpoint: Endpoint) -> Result<String, Failure> {
        let id = self.by.get("project").and_then(number);
        let missing = || Failure::Broken(format!("{}: a group has no project", endpoint.name()));
        Ok(organization.project(id.ok_or_else(missing)?))
    }

    /// Returns a total; none if Sentry has none.
    pub(crate) fn total(&self, field: &str, endpoint: Endpoint) -> Result<Option<f64>, Failure> {
        match self.totals.get(field) {
            Some(Value::Null) => Ok(None),
            Some(Value::Number(value)) => Ok(value.as_f64()),
            _ => Err(Failure::Broken(format!("{}: a group has no number `{field}`", endpoint.name()))),
        }
    }
}

/// Returns the parameters of one window. Sentry includes the second given as the end and rounds up
/// to the interval, so the end is the last second of the window.
pub(crate) fn window_parameters(window: Window) -> [(&'static str, String); 3] {
    [
        ("start", Window::text(window.start)),
        ("end", Window::text(window.end.offset(-NANOS_PER_SECOND))),
        ("interval", "1h".to_owned()),
    ]
}

/// Checks that the response is for the requested window.
pub(crate) fn check_window(groups: &Groups, window: Window, endpoint: Endpoint) -> Result<(), Failure> {
    let time = |text: &str| Some(Timestamp(DateTime::parse_from_rfc3339(text).ok()?.timestamp_nanos_opt()?));
    if (time(&groups.start), time(&groups.end)) == (Some(window.start), Some(window.end)) {
        return Ok(());
    }
    Err(Failure::Broken(format!(
        "{}: requested {} to {}, the response is for another time range",
        endpoint.name(),
        Window::text(window.start),
        Window::text(window.end)
    )))
}

/// Requests outcomes by project, category and outcome.
pub(crate) async fn outcomes(
    client: &Client,
    source: &str,
    organization: &Organization,
    window: Window,
) -> Result<TelemetryBatch, Failure> {
    let mut query: Vec<(&str, String)> =
        ["project", "category", "outcome"].iter().map(|group| ("groupBy", (*group).to_owned())).collect();
    query.push(("field", QUANTITY.to_owned()));
    query.extend(window_parameters(window));
    query.extend(organization.project_parameters());
    let response = client.get::<Groups>(Endpoint::Stats, &organization.path("stats_v2"), &query).await?.body;
    check_window(&response, window, Endpoint::Stats)?;
    let mut metrics = MetricsBatch::new(source, &organization.slug);
    for group in &response.groups {
        let project = group.project(organization, Endpoint::Stats)?;
        let (category, outcome) = (group.by("category"), group.by("outcome"));
        if category.is_empty() || outcome.is_empty() {
            return Err(Failure::Broken("stats_v2: a group has no category or no outcome".to_owned()));
        }
        let Some(quantity) = group.total(QUANTITY, Endpoint::Stats)? else { continue };
        let (metric, quantity) = match category {
            "attachment" => (&series::OUTCOME_BYTES, quantity),
            bytes if bytes.ends_with("_byte") || bytes.ends_with("_bytes") => {
                (&series::OUTCOME_BYTES, quantity)
            }
            // These are in milliseconds.
            time if time.starts_with("profile_duration") => (&series::OUTCOME_SECONDS, quantity / 1e3),
            _ => (&series::OUTCOMES, quantity),
        };
        metrics.within(window, metric, &project, &[("category", category), ("outcome", outcome)], quantity);
    }
    Ok(metrics.into_batch())
}
