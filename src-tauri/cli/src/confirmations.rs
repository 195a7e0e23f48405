//! Confirmations of changes that a browser requested.

use std::{
    io::{self, IsTerminal as _, Write as _},
    path::Path,
    process::ExitCode,
};

use anyhow::bail;
use model::Confirmation;
use serde_json::json;

use crate::{
    arguments::ConfirmArgs,
    connection::Connection,
    output::{line, local},
};

/// Lists the changes that wait, or answers one after showing its effects.
pub(crate) async fn run(data: &Path, arguments: ConfirmArgs) -> anyhow::Result<ExitCode> {
    let connection = Connection::open(data).await?;
    let outcome = answer(&connection, &arguments).await;
    connection.close().await;
    outcome.map(|()| ExitCode::SUCCESS)
}

async fn answer(connection: &Connection, arguments: &ConfirmArgs) -> anyhow::Result<()> {
    let pending: Vec<Confirmation> = connection.request("confirmations", json!({})).await?;
    let Some(id) = &arguments.id else {
        if pending.is_empty() {
            return line("no change waits for a confirmation");
        }
        return pending.iter().try_for_each(show);
    };
    let Some(requested) = pending.iter().find(|one| one.id == *id) else {
        bail!("no change {id:?} waits for a confirmation; it may have expired");
    };
    show(requested)?;
    let allowed = arguments.yes || (!arguments.refuse && prompt()?);
    let (command, done) = if allowed { ("confirm", "allowed") } else { ("refuse", "refused") };
    let () = connection.request(command, json!({"id": id})).await?;
    line(done)
}

/// Prints a change. The engine has made control characters in its texts visible.
fn show(confirmation: &Confirmation) -> anyhow::Result<()> {
    let Confirmation { id, effects, requested_by, expires_at } = confirmation;
    line(&format!("{id}  requested by {requested_by}, expires {}", local(*expires_at)))?;
    effects.iter().try_for_each(|effect| line(&format!("  {effect}")))
}

fn prompt() -> anyhow::Result<bool> {
    if !io::stdin().is_terminal() {
        bail!("standard input is not a terminal; answer with --yes or --refuse");
    }
    let mut out = io::stderr().lock();
    write!(out, "Allow this change? [y/N] ")?;
    out.flush()?;
    let mut text = String::new();
    io::stdin().read_line(&mut text)?;
    Ok(matches!(text.trim().to_lowercase().as_str(), "y" | "yes"))
}
