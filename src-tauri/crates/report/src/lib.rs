//! Turns a question and a time range into a document: a performance report as one self-contained HTML page, and the
//! figures behind its charts as CSV or Parquet. Reading (`gather`) is apart from drawing, which is pure.

pub mod charts;
mod clock;
mod contents;
mod document;
mod error;
mod gather;
mod markup;
mod sections;

use std::path::Path;

use model::{ExportFormat, ReportFormat, ReportRequest, ServicesRequest, Timestamp};
use store::Store;

pub use contents::{CheckContents, Contents, ServiceContents, Vital};
pub use document::render;
pub use error::ReportError;

/// Charts and data have at most this many steps.
const CHART_POINTS: u32 = 240;

/// The report as one HTML page that needs nothing else: no script, no font, no image from elsewhere. `now` is told in
/// it as the time of making. Errors when the range is empty or the store cannot answer.
pub async fn html(store: &Store, request: &ReportRequest, now: Timestamp) -> Result<String, ReportError> {
    let contents = gather::gather(store, request, now).await?;
    tokio::task::spawn_blocking(move || render(&contents)).await.map_err(|_| ReportError::Interrupted)
}

/// Writes the figures behind the charts to `path`, one row per service and step. Errors when the range is empty, the
/// form is a page, or the store cannot answer or write.
pub async fn data(
    store: &Store,
    request: &ReportRequest,
    format: ReportFormat,
    path: &Path,
) -> Result<(), ReportError> {
    if request.range.length() == 0 {
        return Err(ReportError::EmptyRange);
    }
    let format = match format {
        ReportFormat::Csv => ExportFormat::Csv,
        ReportFormat::Parquet => ExportFormat::Parquet,
        ReportFormat::Html => return Err(ReportError::NotData),
    };
    let services = match request.services.is_empty() {
        true => {
            let all = ServicesRequest { range: request.range, matchers: Vec::new(), spark_points: 1 };
            store.services(&all).await?.into_iter().map(|summary| summary.service).collect()
        }
        false => request.services.clone(),
    };
    let step = request.range.step_for(CHART_POINTS);
    store.export_service_rows(&services, request.range, step, format, path).await?;
    Ok(())
}
