//! Alert rules on the terminal.

use std::{fs, io, path::Path, process::ExitCode};

use alerts::{AlertRule, RuleOverview};
use anyhow::Context as _;
use model::AlertState;
use serde_json::json;

use crate::{
    arguments::RulesCommand,
    connection::Connection,
    output::{line, printable, table, to_json, to_pretty_json},
};

/// Lists, exports or imports rules.
pub(crate) async fn run(data: &Path, command: RulesCommand) -> anyhow::Result<ExitCode> {
    let given: Option<Vec<AlertRule>> = match &command {
        RulesCommand::Import { file } => Some(read(file)?),
        _ => None,
    };
    let connection = Connection::open(data).await?;
    let rules: Vec<RuleOverview> = connection.request("rules", json!({})).await?;
    match command {
        RulesCommand::List { json: true } => line(&to_json(&rules)?)?,
        RulesCommand::List { json: false } => list(&rules)?,
        RulesCommand::Export => {
            let rules: Vec<&AlertRule> = rules.iter().map(|overview| &overview.rule).collect();
            line(&to_pretty_json(&rules)?)?;
        }
        RulesCommand::Import { .. } => {
            for mut rule in given.into_iter().flatten() {
                let same = rules.iter().find(|overview| overview.rule.name == rule.name);
                rule.id = same.map(|overview| overview.rule.id.clone()).unwrap_or_default();
                let name = rule.name.clone();
                let saved: Result<AlertRule, _> =
                    connection.request("save_rule", json!({"rule": rule})).await;
                saved.with_context(|| format!("rule {name:?}"))?;
                line(&format!("saved {}", printable(&name)))?;
            }
        }
    }
    connection.close().await;
    Ok(ExitCode::SUCCESS)
}

fn read(file: &Path) -> anyhow::Result<Vec<AlertRule>> {
    let text =
        if file == Path::new("-") { io::read_to_string(io::stdin()) } else { fs::read_to_string(file) };
    let text = text.with_context(|| format!("cannot read {}", file.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} has no valid rules", file.display()))
}

fn list(rules: &[RuleOverview]) -> anyhow::Result<()> {
    let rows: Vec<Vec<String>> = rules
        .iter()
        .map(|overview| {
            let state = match (overview.rule.enabled, overview.state) {
                (false, _) => "off",
                (true, AlertState::Inactive) => "inactive",
                (true, AlertState::Pending) => "pending",
                (true, AlertState::Firing) => "firing",
            };
            vec![
                printable(&overview.rule.name),
                state.to_owned(),
                overview.active.len().to_string(),
                printable(if overview.error.is_empty() { &overview.description } else { &overview.error }),
            ]
        })
        .collect();
    table(&["rule", "state", "alerts", ""], &rows)
}
