//! Analysis and the observation ledger.

use engine::Engine;
use model::{AnalysisRequest, AnalysisResponse, CompareRequest, CompareResponse, Finding, Gap};

use crate::{ApiError, arguments::*};

pub(crate) async fn analyse(engine: &Engine, request: AnalysisRequest) -> Result<AnalysisResponse, ApiError> {
    Ok(insights::analyze(engine.store(), &request, engine.clock().now()).await?)
}

pub(crate) async fn compare(engine: &Engine, request: CompareRequest) -> Result<CompareResponse, ApiError> {
    Ok(insights::compare(engine.store(), &request, engine.clock().now()).await?)
}

pub(crate) async fn findings(engine: &Engine, arguments: HistoryArguments) -> Result<Vec<Finding>, ApiError> {
    Ok(engine.store().history().findings(arguments.range, arguments.limit).await?)
}

pub(crate) async fn gaps(engine: &Engine, arguments: RangeArguments) -> Result<Vec<Gap>, ApiError> {
    Ok(engine.store().history().gaps(arguments.range).await?)
}
