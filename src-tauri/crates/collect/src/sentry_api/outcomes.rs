//! What became of everything that was sent, which is also how much of the quota was used.

use chrono::DateTime;
use model::{NANOS_PER_SECOND, TelemetryBatch, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    client::Client,
    directory::{Organization, number},
    failure::Failure,
    pace::Endpoint,
    series::{self, Figures},
    windows::Window,
};

const QUANTITY: &str = "sum(quantity)";

/// The shape that `stats_v2` and `sessions` share.
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
    /// The text a group goes by; empty where Sentry knows none.
    pub(crate) fn by(&self, key: &str) -> &str {
        self.by.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    /// The project a group goes by.
    pub(crate) fn project(&self, organization: &Organization, endpoint: Endpoint) -> Result<String, Failure> {
        let id = self.by.get("project").and_then(number);
        let missing = || Failure::Broken(format!("{}: a group has no project", endpoint.name()));
        Ok(organization.project(id.ok_or_else(missing)?))
    }

    /// A figure; none where Sentry has none.
    pub(crate) fn total(&self, field: &str, endpoint: Endpoint) -> Result<Option<f64>, Failure> {
        match self.totals.get(field) {
            Some(Value::Null) => Ok(None),
            Some(Value::Number(value)) => Ok(value.as_f64()),
            _ => Err(Failure::Broken(format!("{}: a group has no number `{field}`", endpoint.name()))),
        }
    }
}

/// The parameters that ask for exactly one stretch of time. Sentry counts the second it is given as the end in and
/// rounds up to the interval, so the last second of the stretch is told.
pub(crate) fn stretch(window: Window) -> [(&'static str, String); 3] {
    [
        ("start", Window::text(window.start)),
        ("end", Window::text(window.end.offset(-NANOS_PER_SECOND))),
        ("interval", "1h".to_owned()),
    ]
}

/// Refuses figures of another stretch of time than was asked for: stored as this one they would be wrong.
pub(crate) fn check_stretch(groups: &Groups, window: Window, endpoint: Endpoint) -> Result<(), Failure> {
    let time = |text: &str| Some(Timestamp(DateTime::parse_from_rfc3339(text).ok()?.timestamp_nanos_opt()?));
    if (time(&groups.start), time(&groups.end)) == (Some(window.start), Some(window.end)) {
        return Ok(());
    }
    Err(Failure::Broken(format!(
        "{}: asked for {} to {}, answered for another stretch of time",
        endpoint.name(),
        Window::text(window.start),
        Window::text(window.end)
    )))
}

/// Outcomes by project, category and outcome.
pub(crate) async fn outcomes(
    client: &Client,
    source: &str,
    organization: &Organization,
    window: Window,
) -> Result<TelemetryBatch, Failure> {
    let mut query: Vec<(&str, String)> =
        ["project", "category", "outcome"].iter().map(|group| ("groupBy", (*group).to_owned())).collect();
    query.push(("field", QUANTITY.to_owned()));
    query.extend(stretch(window));
    query.extend(organization.project_parameters());
    let answer = client.get::<Groups>(Endpoint::Stats, &organization.path("stats_v2"), &query).await?.body;
    check_stretch(&answer, window, Endpoint::Stats)?;
    let mut figures = Figures::new(source, &organization.slug);
    for group in &answer.groups {
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
            // Sentry counts these in milliseconds.
            time if time.starts_with("profile_duration") => (&series::OUTCOME_SECONDS, quantity / 1e3),
            _ => (&series::OUTCOMES, quantity),
        };
        figures.within(window, metric, &project, &[("category", category), ("outcome", outcome)], quantity);
    }
    Ok(figures.into_batch())
}
