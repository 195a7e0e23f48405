//! Sentry installations on the terminal.

use std::{
    io::{IsTerminal as _, Read as _},
    path::Path,
    process::ExitCode,
};

use anyhow::{Context as _, ensure};
use model::{SentryAccess, SentryPreset};
use serde_json::{Value, json};

use crate::{
    arguments::{SentryCommand, SentryInstallation, SentryPresetOptions},
    connection::Connection,
    output::{line, printable, table},
};

/// Adds, tests or removes an installation, or the checks of a self-hosted one.
pub(crate) async fn run(data: &Path, command: SentryCommand) -> anyhow::Result<ExitCode> {
    let connection = Connection::open(data).await?;
    let outcome = run_command(&connection, command).await;
    connection.close().await;
    outcome
}

async fn run_command(connection: &Connection, command: SentryCommand) -> anyhow::Result<ExitCode> {
    match command {
        SentryCommand::Connect(installation) => {
            let access: SentryAccess =
                connection.request("sentry_connect", installation_of(installation)?).await?;
            show_access(&access)?;
            line(if access.usable { "the installation was added" } else { "nothing was stored" })?;
            Ok(if access.usable { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        SentryCommand::Access(installation) => {
            let access: SentryAccess =
                connection.request("sentry_access", installation_of(installation)?).await?;
            show_access(&access)?;
            Ok(if access.usable { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        SentryCommand::Remove { name } => {
            connection.request::<()>("sentry_remove", json!({ "name": name })).await?;
            Ok(ExitCode::SUCCESS)
        }
        SentryCommand::Preset(options) => preset(connection, options).await,
    }
}

fn installation_of(installation: SentryInstallation) -> anyhow::Result<Value> {
    Ok(json!({
        "name": installation.name,
        "url": installation.url,
        "token": token()?,
        "organizations": installation.organizations,
        "projects": installation.projects,
    }))
}

/// Reads the token from the environment or from standard input.
fn token() -> anyhow::Result<String> {
    if let Some(token) = std::env::var("SENTRY_AUTH_TOKEN").ok().filter(|token| !token.is_empty()) {
        return Ok(token);
    }
    if std::io::stdin().is_terminal() {
        eprintln!("enter the token and press return:");
        let mut token = String::new();
        std::io::stdin().read_line(&mut token).context("cannot read the token")?;
        return Ok(token.trim().to_owned());
    }
    let mut token = String::new();
    std::io::stdin().take(4096).read_to_string(&mut token).context("cannot read the token")?;
    ensure!(!token.trim().is_empty(), "the token is read from standard input or from SENTRY_AUTH_TOKEN");
    Ok(token.trim().to_owned())
}

fn show_access(access: &SentryAccess) -> anyhow::Result<()> {
    if !access.message.is_empty() {
        line(&printable(&access.message))?;
    }
    for organization in &access.organizations {
        line(&printable(&format!("{}: {}", organization.slug, organization.projects.join(", "))))?;
    }
    let rows: Vec<Vec<String>> = access
        .feeds
        .iter()
        .map(|feed| {
            let available = if feed.available { "yes" } else { "no" };
            vec![feed.feed.clone(), available.to_owned(), feed.scopes.join(" or "), printable(&feed.message)]
        })
        .collect();
    if !rows.is_empty() {
        table(&["feed", "available", "scope", "message"], &rows)?;
    }
    if !access.missing_scopes.is_empty() {
        line(&format!("missing scopes: {}", access.missing_scopes.join(", ")))?;
    }
    Ok(())
}

async fn preset(connection: &Connection, options: SentryPresetOptions) -> anyhow::Result<ExitCode> {
    if options.remove {
        let removed: u32 =
            connection.request("sentry_preset_remove", json!({ "name": options.name })).await?;
        line(&format!("{removed} checks removed"))?;
        return Ok(ExitCode::SUCCESS);
    }
    let request =
        json!({ "name": options.name, "url": options.url, "host": options.host, "statsd": options.statsd });
    let preset: SentryPreset = if options.add {
        connection.request("sentry_preset_add", json!({ "request": request, "checks": null })).await?
    } else {
        connection.request("sentry_preset", request).await?
    };
    let rows: Vec<Vec<String>> = preset
        .checks
        .iter()
        .map(|planned| {
            let present = if planned.present { "exists" } else { "would be added" };
            vec![printable(&planned.check.name), printable(&planned.target), present.to_owned()]
        })
        .collect();
    table(&["check", "target", ""], &rows)?;
    for snippet in &preset.snippets {
        line(&format!("\n{}\n# {}\n{}", snippet.title, snippet.file, snippet.text.trim_end()))?;
    }
    Ok(ExitCode::SUCCESS)
}
