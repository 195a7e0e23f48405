//! Files of samples brought in from the terminal.

use std::{
    io::{self, IsTerminal as _, Write as _},
    path::Path,
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context as _, bail};
use model::{
    DataKind, DataResolution, ImportRequest, ImportState, ImportStatus, NANOS_PER_SECOND, RetentionPreview,
    Timestamp,
};
use serde_json::json;

use crate::{
    arguments::ImportOptions,
    connection::Connection,
    output::{line, local, printable},
};

const GLANCE: Duration = Duration::from_millis(250);

/// Imports the files one after the other; the exit code tells whether all were read and any sample was of use.
pub(crate) async fn run(data: &Path, options: ImportOptions) -> anyhow::Result<ExitCode> {
    // A folder without an engine may be new: importing is a way to begin.
    if !data.exists() {
        std::fs::create_dir_all(data).with_context(|| format!("cannot make {}", data.display()))?;
    }
    let connection = Connection::open(data).await?;
    let mut all_well = true;
    let mut oldest: Option<Timestamp> = None;
    for file in &options.files {
        let outcome = import(&connection, file, &options).await;
        match outcome {
            Ok(status) => {
                all_well &= status.state == ImportState::Done
                    && (status.progress.points > 0 || status.progress.rejected == 0);
                summary(&status, options.json)?;
                oldest = oldest.into_iter().chain(status.progress.range.map(|range| range.start)).min();
            }
            Err(error) => {
                all_well = false;
                eprintln!("binnacle-cli: {}: {error:#}", file.display());
            }
        }
    }
    if let Some(oldest) = oldest {
        warn_of_age(&connection, oldest).await?;
    }
    connection.close().await;
    Ok(if all_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Tells what retention makes of samples that are older than what is kept.
async fn warn_of_age(connection: &Connection, oldest: Timestamp) -> anyhow::Result<()> {
    let preview: RetentionPreview = connection.ask("retention_preview", json!({})).await?;
    let Some(limits) = preview.limits.iter().find(|limits| limits.kind == DataKind::Metrics) else {
        return Ok(());
    };
    if preview.at.since(oldest) > limits.age {
        let days = |detail| limits.age_of(detail) / (86_400 * NANOS_PER_SECOND);
        eprintln!(
            "samples older than {} days will go, what they come to by the minute after {} days and by the hour after \
             {}: [retention] of the settings says how long metrics are kept",
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
    let mut status: ImportStatus = connection.ask("import", serde_json::to_value(request)?).await?;
    let interactive = io::stderr().is_terminal();
    while status.state == ImportState::Running {
        tokio::select! {
            () = tokio::time::sleep(GLANCE) => {}
            _ = tokio::signal::ctrl_c() => {
                let _: () = connection.ask("stop_import", json!({"id": status.id})).await?;
            }
        }
        let all: Vec<ImportStatus> = connection.ask("imports", json!({})).await?;
        status = all
            .into_iter()
            .find(|known| known.id == status.id)
            .context("the engine was started anew meanwhile; import the file again, nothing will double")?;
        if interactive {
            let progress = &status.progress;
            let percent = progress.bytes_read * 100 / progress.bytes.max(1);
            let mut out = io::stderr().lock();
            write!(out, "\r{percent:3} %, {} points, {} refused ", progress.points, progress.rejected)?;
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
        return line(&serde_json::to_string(status)?);
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
        "{}: {ended} {} points of {} series in {} rows{range}; {} refused",
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
