//! Reports and exports: replies that are files.

use std::path::PathBuf;

use engine::Engine;
use model::{ExportFormat, ExportSignal, ReportFormat, Timestamp};

use crate::{ApiError, ErrorCode, FileReply, arguments::*};

pub(crate) async fn report(engine: &Engine, arguments: ReportArguments) -> Result<FileReply, ApiError> {
    let ReportArguments { request, format } = arguments;
    let stem = format!("binnacle-report-{}", day(request.range.end));
    let (extension, media_type) = match format {
        ReportFormat::Html => {
            let text = report::html(engine.store(), &request, engine.clock().now()).await?;
            return Ok(FileReply {
                name: format!("{stem}.html"),
                media_type: "text/html; charset=utf-8".to_owned(),
                bytes: text.into_bytes(),
            });
        }
        ReportFormat::Csv | ReportFormat::CsvRaw => ("csv", CSV),
        ReportFormat::Parquet => ("parquet", PARQUET),
    };
    let scratch = Scratch::new(engine, extension);
    report::data(engine.store(), &request, format, &scratch.path).await?;
    scratch.into_reply(format!("{stem}.{extension}"), media_type).await
}

pub(crate) async fn export(engine: &Engine, arguments: ExportArguments) -> Result<FileReply, ApiError> {
    let request = arguments.request;
    let (extension, media_type) = match request.format {
        ExportFormat::Csv | ExportFormat::CsvRaw => ("csv", CSV),
        ExportFormat::Parquet => ("parquet", PARQUET),
    };
    let signal = match request.signal {
        ExportSignal::Metrics => "metrics",
        ExportSignal::Logs => "logs",
        ExportSignal::Spans => "spans",
    };
    let scratch = Scratch::new(engine, extension);
    engine.store().admin().export(&request, &scratch.path).await?;
    let name = format!("binnacle-{signal}-{}.{extension}", day(request.range.end));
    scratch.into_reply(name, media_type).await
}

const CSV: &str = "text/csv; charset=utf-8";
const PARQUET: &str = "application/vnd.apache.parquet";

fn day(time: Timestamp) -> String {
    chrono::DateTime::from_timestamp_millis(time.millis())
        .map_or_else(|| "unknown-day".to_owned(), |time| time.format("%Y-%m-%d").to_string())
}

/// A temporary file in the data folder, removed when dropped.
struct Scratch {
    path: PathBuf,
}

impl Scratch {
    fn new(engine: &Engine, extension: &str) -> Self {
        let name = format!(".export-{}-{}.{extension}", std::process::id(), engine.clock().now().0);
        Self { path: engine.data_folder().join(name) }
    }

    async fn into_reply(self, name: String, media_type: &str) -> Result<FileReply, ApiError> {
        let bytes = tokio::fs::read(&self.path).await.map_err(|error| {
            ApiError::new(ErrorCode::Internal, format!("cannot read {}: {error}", self.path.display()))
        })?;
        Ok(FileReply { name, media_type: media_type.to_owned(), bytes })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Fails if the file was never written.
        let _ = std::fs::remove_file(&self.path);
    }
}
