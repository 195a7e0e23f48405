//! Reports and exports as files.

use std::{
    fs,
    io::{self, IsTerminal as _, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use api::FileReply;
use chrono::{Local, TimeZone as _};
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
    connection.close().await;
    write(file, options.output)
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
    connection.close().await;
    write(file, options.output)
}

fn write(file: FileReply, output: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    let path = output.unwrap_or_else(|| PathBuf::from(&file.name));
    if path == Path::new("-") {
        // On a terminal the file must not control it. Into a pipe or a file it goes as it is.
        if io::stdout().is_terminal() {
            output::line(&String::from_utf8_lossy(&file.bytes))?;
        } else {
            io::stdout().lock().write_all(&file.bytes)?;
        }
    } else {
        fs::write(&path, &file.bytes).with_context(|| format!("cannot write {}", path.display()))?;
        eprintln!("wrote {} ({} bytes)", path.display(), file.bytes.len());
    }
    Ok(ExitCode::SUCCESS)
}
