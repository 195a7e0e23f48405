//! Reports and exports as files.

use std::{
    fs::File,
    io::{self, IsTerminal as _, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use api::FileReply;
use chrono::{Local, TimeZone as _};
use futures_util::TryStreamExt as _;
use model::{ExportRequest, ReportRequest};
use runtime::Clock;
use serde_json::json;

use crate::{
    arguments::{ExportOptions, ReportOptions},
    connection::Connection,
    output,
};

/// Writes a report to a file.
pub(crate) async fn report(data: &Path, options: ReportOptions) -> anyhow::Result<ExitCode> {
    let connection = Connection::open(data).await?;
    let now = Clock::system().now();
    let request = ReportRequest {
        title: options.title,
        range: options.last.until(now),
        services: options.services,
        utc_offset_minutes: Local.timestamp_nanos(now.0).offset().local_minus_utc() / 60,
    };
    let format = model::ReportFormat::from(options.format);
    let file = connection.file("report", json!({"request": request, "format": format})).await?;
    let written = write(file, options.output).await;
    connection.close().await;
    written
}

/// Writes telemetry to a file.
pub(crate) async fn export(data: &Path, options: ExportOptions) -> anyhow::Result<ExitCode> {
    let connection = Connection::open(data).await?;
    let request = ExportRequest {
        signal: options.signal.into(),
        range: options.last.until(Clock::system().now()),
        format: options.format.into(),
    };
    let file = connection.file("export", json!({"request": request})).await?;
    let written = write(file, options.output).await;
    connection.close().await;
    written
}

/// Writes a file chunk by chunk. It may be larger than the memory.
async fn write(file: FileReply, output: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    let path = output.unwrap_or_else(|| PathBuf::from(&file.name));
    if path == Path::new("-") {
        // On a terminal the file must not control it. Into a pipe or a file it goes as it is.
        if io::stdout().is_terminal() {
            print(file).await?;
        } else {
            copy(file, &mut io::stdout()).await?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let context = || format!("cannot write {}", path.display());
    let mut target = File::create(&path).with_context(context)?;
    let length =
        copy(file, &mut target).await.with_context(|| format!("{}, the file is incomplete", context()))?;
    eprintln!("wrote {} ({length} bytes)", path.display());
    Ok(ExitCode::SUCCESS)
}

async fn copy(file: FileReply, target: &mut impl Write) -> anyhow::Result<u64> {
    let mut written = 0;
    let mut chunks = file.content.into_chunks();
    while let Some(chunk) = chunks.try_next().await? {
        target.write_all(&chunk)?;
        written += chunk.len() as u64;
    }
    target.flush()?;
    Ok(written)
}

/// Prints a file. Characters and lines may go over the end of a chunk.
async fn print(file: FileReply) -> anyhow::Result<()> {
    let mut pending = Vec::new();
    let mut chunks = file.content.into_chunks();
    while let Some(chunk) = chunks.try_next().await? {
        pending.extend_from_slice(&chunk);
        if let Some(end) = pending.iter().rposition(|byte| *byte == b'\n') {
            output::line(&String::from_utf8_lossy(&pending[..end]))?;
            pending.drain(..=end);
        }
    }
    output::line(&String::from_utf8_lossy(&pending))
}
