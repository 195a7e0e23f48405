//! Reports and exports: replies that are files.

use engine::Engine;
use model::{ExportFormat, ExportSignal, ReportFormat, Timestamp};
use store::ExportedFile;

use crate::{ApiError, FileContent, FileReply, arguments::*};

pub(crate) async fn report(engine: &Engine, arguments: ReportArguments) -> Result<FileReply, ApiError> {
    let ReportArguments { request, format } = arguments;
    let stem = format!("binnacle-report-{}", day(request.range.end));
    let (extension, media_type) = match format {
        ReportFormat::Html => {
            let text = report::html(engine.store(), &request, engine.clock().now()).await?;
            return Ok(FileReply {
                name: format!("{stem}.html"),
                media_type: "text/html; charset=utf-8".to_owned(),
                content: text.into_bytes().into(),
            });
        }
        ReportFormat::Csv | ReportFormat::CsvRaw => ("csv", CSV),
        ReportFormat::Parquet => ("parquet", PARQUET),
    };
    let file = report::data(engine.store(), &request, format).await?;
    Ok(reply(format!("{stem}.{extension}"), media_type, file))
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
    let file = engine.store().admin().export(&request).await?;
    Ok(reply(format!("binnacle-{signal}-{}.{extension}", day(request.range.end)), media_type, file))
}

fn reply(name: String, media_type: &str, exported: ExportedFile) -> FileReply {
    let content = FileContent::of_file(exported.file, exported.bytes);
    FileReply { name, media_type: media_type.to_owned(), content }
}

const CSV: &str = "text/csv; charset=utf-8";
const PARQUET: &str = "application/vnd.apache.parquet";

fn day(time: Timestamp) -> String {
    chrono::DateTime::from_timestamp_millis(time.millis())
        .map_or_else(|| "unknown-day".to_owned(), |time| time.format("%Y-%m-%d").to_string())
}
