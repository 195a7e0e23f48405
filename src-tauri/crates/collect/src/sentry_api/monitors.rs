//! Cron monitors and the check-ins of their jobs.

use chrono::DateTime;
use model::{TelemetryBatch, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use super::{
    client::Client,
    directory::{self, Organization},
    failure::Failure,
    rate_limiter::Endpoint,
    series::{self, MetricsBatch},
};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Monitor {
    slug: String,
    status: String,
    #[serde(default)]
    is_muted: bool,
    project: Project,
    environments: OneOrMany,
}

#[derive(Debug, Deserialize)]
struct Project {
    slug: String,
}

/// One environment, as in the API reference, or a list of them, as installations send it.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    Many(Vec<Environment>),
    One(Environment),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Environment {
    name: String,
    status: String,
    #[serde(default)]
    is_muted: bool,
    #[serde(default)]
    last_check_in: Option<String>,
    #[serde(default)]
    next_check_in_latest: Option<String>,
}

/// Requests all monitors. Returns the number of invalid entries as well.
pub(crate) async fn monitors(
    client: &Client,
    source: &str,
    organization: &Organization,
    now: Timestamp,
) -> Result<(TelemetryBatch, usize), Failure> {
    let mut query = organization.project_parameters();
    query.push(("per_page", "100".to_owned()));
    let listed: Vec<Value> =
        directory::all(client, Endpoint::Monitors, &organization.path("monitors"), &query).await?;
    let mut invalid = 0;
    let mut metrics = MetricsBatch::new(source, &organization.slug);
    for entry in listed {
        match serde_json::from_value::<Monitor>(entry) {
            Ok(monitor) => add(&mut metrics, &monitor, client.server_now(), now),
            Err(_) => invalid += 1,
        }
    }
    Ok((metrics.into_batch(), invalid))
}

fn add(metrics: &mut MetricsBatch<'_>, monitor: &Monitor, server_now: Timestamp, now: Timestamp) {
    let environments = match &monitor.environments {
        OneOrMany::Many(environments) => environments.as_slice(),
        OneOrMany::One(environment) => std::slice::from_ref(environment),
    };
    let project = &monitor.project.slug;
    for environment in environments {
        let tags = [("monitor", monitor.slug.as_str()), ("environment", environment.name.as_str())];
        let mut record = |metric, value| metrics.at(now, metric, project, &tags, value);
        record(&series::MONITOR_MUTED, f64::from(u8::from(monitor.is_muted || environment.is_muted)));
        if let Some(last) = environment.last_check_in.as_deref().and_then(time) {
            record(&series::MONITOR_LAST_CHECK_IN, last.seconds());
        }
        if monitor.status == "disabled" || environment.status == "disabled" {
            continue;
        }
        if let Some(up) = up(&environment.status) {
            record(&series::MONITOR_UP, up);
        }
        if let Some(due) = environment.next_check_in_latest.as_deref().and_then(time) {
            record(&series::MONITOR_OVERDUE, (server_now.since(due) as f64 / 1e9).max(0.0));
        }
    }
}

/// Returns 1 for a healthy monitor, 0 for an unhealthy one, none before its first check-in.
fn up(status: &str) -> Option<f64> {
    match status {
        "ok" => Some(1.0),
        "error" | "missed_checkin" | "timeout" => Some(0.0),
        _ => None,
    }
}

fn time(text: &str) -> Option<Timestamp> {
    Some(Timestamp(DateTime::parse_from_rfc3339(text).ok()?.timestamp_nanos_opt()?))
}
