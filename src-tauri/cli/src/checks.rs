//! Health checks on the terminal.

use std::{path::Path, process::ExitCode};

use anyhow::bail;
use model::{CheckOverview, CheckResult, HealthState, TimeRange};
use runtime::Clock;
use serde_json::json;

use crate::{
    arguments::CheckCommand,
    connection::Connection,
    output::{line, printable, table, to_json},
};

/// Lists checks or runs one.
pub(crate) async fn run(data: &Path, command: CheckCommand) -> anyhow::Result<ExitCode> {
    let connection = Connection::open(data).await?;
    let range = TimeRange::last(86_400, Clock::system().now());
    let checks: Vec<CheckOverview> =
        connection.request("checks", json!({"range": range, "buckets": 24})).await?;
    let code = match command {
        CheckCommand::List { json: true } => {
            line(&to_json(&checks)?)?;
            ExitCode::SUCCESS
        }
        CheckCommand::List { json: false } => {
            list(&checks)?;
            ExitCode::SUCCESS
        }
        CheckCommand::Run { name } => {
            let Some(found) = checks.iter().find(|one| one.check.name == name || one.check.id == name) else {
                connection.close().await;
                bail!("no check is called {name:?}");
            };
            let result: CheckResult = connection.request("run_check", json!({"id": found.check.id})).await?;
            line(&format!(
                "{} {} {:.1} ms {}",
                printable(&found.check.name),
                state_name(result.state),
                result.duration as f64 / 1e6,
                printable(&result.message)
            ))?;
            // These are the exit codes of monitoring plugins.
            match result.state {
                HealthState::Healthy => ExitCode::SUCCESS,
                HealthState::Degraded => ExitCode::from(1),
                HealthState::Unhealthy => ExitCode::from(2),
                HealthState::Unknown => ExitCode::from(3),
            }
        }
    };
    connection.close().await;
    Ok(code)
}

fn list(checks: &[CheckOverview]) -> anyhow::Result<()> {
    let rows: Vec<Vec<String>> = checks
        .iter()
        .map(|overview| {
            let latest = overview.latest.as_ref();
            vec![
                printable(&overview.check.name),
                latest.map_or("unknown", |result| state_name(result.state)).to_owned(),
                overview.uptime.map_or_else(|| "-".to_owned(), |uptime| format!("{:.2}%", uptime * 100.0)),
                overview.check.kind.name().to_owned(),
                printable(&overview.target),
                latest.map(|result| printable(&result.message)).unwrap_or_default(),
            ]
        })
        .collect();
    table(&["check", "state", "uptime 24 h", "kind", "target", "message"], &rows)
}

fn state_name(state: HealthState) -> &'static str {
    match state {
        HealthState::Healthy => "healthy",
        HealthState::Degraded => "degraded",
        HealthState::Unhealthy => "unhealthy",
        HealthState::Unknown => "unknown",
    }
}
