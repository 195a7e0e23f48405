//! Metrics, logs, traces and services.

use engine::Engine;
use model::*;

use crate::{ApiError, arguments::*};

pub(crate) async fn status(engine: &Engine, _: Nothing) -> Result<EngineStatus, ApiError> {
    Ok(engine.status().await)
}

pub(crate) async fn metric_catalog(
    engine: &Engine,
    request: MetricCatalogRequest,
) -> Result<Vec<MetricSummary>, ApiError> {
    Ok(engine.store().metrics().catalog(&request).await?)
}

pub(crate) async fn metric_tags(engine: &Engine, request: TagsRequest) -> Result<Vec<TagSummary>, ApiError> {
    Ok(engine.store().metrics().tags(&request).await?)
}

pub(crate) async fn series(engine: &Engine, request: SeriesRequest) -> Result<SeriesResponse, ApiError> {
    let snapshot = engine.store().snapshot(request.range).await?;
    Ok(query::series(&snapshot, &request).await?)
}

pub(crate) async fn samples(engine: &Engine, request: SamplesRequest) -> Result<Vec<SeriesPoints>, ApiError> {
    Ok(engine.store().metrics().samples(&request).await?)
}

pub(crate) async fn exemplars(
    engine: &Engine,
    request: ExemplarsRequest,
) -> Result<Vec<ExemplarPoint>, ApiError> {
    Ok(engine.store().metrics().exemplars(&request).await?)
}

pub(crate) async fn search_logs(engine: &Engine, request: LogsRequest) -> Result<LogPage, ApiError> {
    let snapshot = engine.store().snapshot(request.range).await?;
    Ok(query::logs(&snapshot, &request).await?)
}

pub(crate) async fn count_logs(engine: &Engine, request: LogCountRequest) -> Result<LogCounts, ApiError> {
    let snapshot = engine.store().snapshot(request.range).await?;
    Ok(query::log_counts(&snapshot, &request).await?)
}

pub(crate) async fn log_fields(
    engine: &Engine,
    arguments: RangeArguments,
) -> Result<Vec<TagSummary>, ApiError> {
    Ok(engine.store().logs().fields(arguments.range).await?)
}

pub(crate) async fn search_traces(engine: &Engine, request: TracesRequest) -> Result<TracePage, ApiError> {
    let snapshot = engine.store().snapshot(request.range).await?;
    Ok(query::traces(&snapshot, &request).await?)
}

pub(crate) async fn trace(engine: &Engine, arguments: TraceArguments) -> Result<Option<Trace>, ApiError> {
    Ok(engine.store().traces().trace(arguments.trace_id, arguments.limit).await?)
}

pub(crate) async fn service_names(engine: &Engine, _: Nothing) -> Result<Vec<String>, ApiError> {
    Ok(insights::service_names(engine.store()).await?)
}

pub(crate) async fn services(
    engine: &Engine,
    request: ServicesRequest,
) -> Result<Vec<ServiceSummary>, ApiError> {
    Ok(insights::services(engine.store(), &request).await?)
}

pub(crate) async fn service(
    engine: &Engine,
    request: ServiceRequest,
) -> Result<Option<ServiceDetail>, ApiError> {
    Ok(insights::service(engine.store(), &request).await?)
}
