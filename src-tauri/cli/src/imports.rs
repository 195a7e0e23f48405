//! Imports of historical samples from the terminal.

use std::{
    io::{self, IsTerminal as _, Write as _},
    path::Path,
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context as _, bail};
use model::{
    DataKind, DataResolution, ImportRequest, ImportState, ImportStatus, NANOS_PER_SECOND, RetentionPreview,
    Timestamp, visible_block,
};
use serde_json::json;

use crate::{
    arguments::ImportOptions,
    connection::Connection,
    output::{line, local, printable, to_json},
};

/// Time between two readings of the progress.
const POLL_INTERVAL: Duration = Duration::from_millis(250);

/// Imports the files one after the other. The exit code is 0 if all were read and had valid
/// samples.
pub(crate) async fn run(data: &Path, options: ImportOptions) -> anyhow::Result<ExitCode> {
    // A new folder may begin with an import.
    if !data.exists() {
        runtime::secure_folder(data).with_context(|| format!("cannot create {}", data.display()))?;
    }
    let connection = Connection::open(data).await?;
    let mut all_imported = true;
    let mut oldest: Option<Timestamp> = None;
    for file in &options.files {
        let outcome = import(&connection, file, &options).await;
        match outcome {
            Ok(status) => {
                all_imported &= status.state == ImportState::Done
                    && (status.progress.points > 0 || status.progress.rejected == 0);
                summary(&status, options.json)?;
                oldest = oldest.into_iter().chain(status.progress.range.map(|range| range.start)).min();
            }
            Err(error) => {
                all_imported = false;
                eprintln!("binnacle-cli: {}: {}", file.display(), visible_block(&format!("{error:#}")));
            }
        }
    }
    if let Some(oldest) = oldest {
        warn_of_age(&connection, oldest).await?;
    }
    connection.close().await;
    Ok(if all_imported { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Warns that retention will delete samples older than its limits.
async fn warn_of_age(connection: &Connection, oldest: Timestamp) -> anyhow::Result<()> {
    let preview: RetentionPreview = connection.request("retention_preview", json!({})).await?;
    let Some(limits) = preview.limits.iter().find(|limits| limits.kind == DataKind::Metrics) else {
        return Ok(());
    };
    if preview.at.since(oldest) > limits.age {
        let days = |detail| limits.age_of(detail) / (86_400 * NANOS_PER_SECOND);
        eprintln!(
            "samples older than {} days will be deleted, their 1-minute roll-ups after {} days and their 1-hour \
             roll-ups after {}; [retention] in the settings sets these limits",
            days(DataResolution::Points),
            days(DataResolution::Minutes),
            days(DataResolution::Hours)
        );
    }
    Ok(())
}

async fn import(
    connection: &Connection,
    file: &Path,
    options: &ImportOptions,
) -> anyhow::Result<ImportStatus> {
    let path = std::fs::canonicalize(file).context("cannot find it")?;
    let Some(path) = path.to_str() else { bail!("its name is not valid Unicode") };
    let request =
        ImportRequest { path: path.to_owned(), service: options.service.clone(), dry_run: options.dry_run };
    let mut status: ImportStatus = connection.request("import", serde_json::to_value(request)?).await?;
    let interactive = io::stderr().is_terminal();
    while status.state == ImportState::Running {
        tokio::select! {
            () = tokio::time::sleep(POLL_INTERVAL) => {}
            _ = tokio::signal::ctrl_c() => {
                let _: () = connection.request("stop_import", json!({"id": status.id})).await?;
            }
        }
        let all: Vec<ImportStatus> = connection.request("imports", json!({})).await?;
        status = all
            .into_iter()
            .find(|one| one.id == status.id)
            .context("the engine was restarted; import the file again, importing twice adds nothing")?;
        if interactive {
            let progress = &status.progress;
            let percent = progress.bytes_read * 100 / progress.bytes.max(1);
            let mut out = io::stderr().lock();
            write!(out, "\r{percent:3} %, {} points, {} rejected ", progress.points, progress.rejected)?;
            out.flush()?;
        }
    }
    if interactive {
        eprintln!();
    }
    Ok(status)
}

fn summary(status: &ImportStatus, as_json: bool) -> anyhow::Result<()> {
    if as_json {
        return line(&to_json(status)?);
    }
    let progress = &status.progress;
    let ended = match (status.state, status.request.dry_run) {
        (ImportState::Done, false) => "imported",
        (ImportState::Done, true) => "would import",
        (ImportState::Stopped, _) => "stopped after",
        _ => "failed after",
    };
    let range = progress
        .range
        .map_or_else(String::new, |range| format!(", from {} to {}", local(range.start), local(range.end)));
    line(&format!(
        "{}: {ended} {} points of {} series in {} rows{range}; {} rejected",
        printable(&status.request.path),
        progress.points,
        progress.series,
        progress.rows,
        progress.rejected
    ))?;
    for reason in progress.reasons.iter().take(10) {
        line(&format!("  {}", printable(reason)))?;
    }
    if !status.error.is_empty() {
        line(&format!("  {}", printable(&status.error)))?;
    }
    Ok(())
}
