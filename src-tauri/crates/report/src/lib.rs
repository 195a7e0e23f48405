//! Performance reports: a self-contained HTML page, and the data of its charts as CSV or Parquet.
//!
//! `load` reads the data from the store. Rendering is a pure function of that data.

pub mod charts;
mod document;
mod error;
mod load;
mod markup;
mod report_data;
mod sections;
mod time_format;

use model::{ExportFormat, ReportFormat, ReportRequest, ServicesRequest, Timestamp};
use store::{ExportedFile, Store};

pub use document::render;
pub use error::ReportError;
pub use report_data::{CheckReport, HostMetric, ReportData, ServiceReport};

/// Returns the report as one HTML page that loads no other resource.
///
/// `now` is shown as the creation time. Fails if the range is empty or the store fails.
pub async fn html(store: &Store, request: &ReportRequest, now: Timestamp) -> Result<String, ReportError> {
    let data = load::load(store, request, now).await?;
    tokio::task::spawn_blocking(move || render(&data)).await.map_err(|_| ReportError::Interrupted)
}

/// Writes the data of the charts to a file, one row per service and step.
///
/// Fails if the range is empty, the format is HTML, or the store cannot read or write.
pub async fn data(
    store: &Store,
    request: &ReportRequest,
    format: ReportFormat,
) -> Result<ExportedFile, ReportError> {
    if request.range.length() == 0 {
        return Err(ReportError::EmptyRange);
    }
    let format = match format {
        ReportFormat::Csv => ExportFormat::Csv,
        ReportFormat::CsvRaw => ExportFormat::CsvRaw,
        ReportFormat::Parquet => ExportFormat::Parquet,
        ReportFormat::Html => return Err(ReportError::NotData),
    };
    let services = match request.services.is_empty() {
        true => {
            let all = ServicesRequest { range: request.range, matchers: Vec::new(), spark_points: 1 };
            store.traces().services(&all).await?.into_iter().map(|summary| summary.service).collect()
        }
        false => request.services.clone(),
    };
    let step = request.range.step_for(load::CHART_POINTS);
    Ok(store.admin().export_service_rows(&services, request.range, step, format).await?)
}
