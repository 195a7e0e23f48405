//! Health checks.

use engine::Engine;
use model::{CheckOverview, CheckResult, HealthCheck, Incident};

use crate::{ApiError, arguments::*};

pub(crate) async fn checks(
    engine: &Engine,
    arguments: ChecksArguments,
) -> Result<Vec<CheckOverview>, ApiError> {
    Ok(engine.checks().overview(arguments.range, arguments.buckets).await?)
}

pub(crate) async fn save_check(engine: &Engine, arguments: CheckArguments) -> Result<HealthCheck, ApiError> {
    Ok(engine.checks().save(arguments.check, arguments.secret).await?)
}

pub(crate) async fn delete_check(engine: &Engine, arguments: IdArguments) -> Result<(), ApiError> {
    Ok(engine.checks().delete(&arguments.id).await?)
}

pub(crate) async fn run_check(engine: &Engine, arguments: IdArguments) -> Result<CheckResult, ApiError> {
    Ok(engine.checks().run_now(&arguments.id).await?)
}

pub(crate) async fn try_check(engine: &Engine, arguments: CheckArguments) -> Result<CheckResult, ApiError> {
    Ok(engine.checks().try_check(arguments.check, arguments.secret).await)
}

pub(crate) async fn check_results(
    engine: &Engine,
    arguments: CheckResultsArguments,
) -> Result<Vec<CheckResult>, ApiError> {
    Ok(engine.store().history().check_results(&arguments.check_id, arguments.range, arguments.limit).await?)
}

pub(crate) async fn incidents(
    engine: &Engine,
    arguments: IncidentsArguments,
) -> Result<Vec<Incident>, ApiError> {
    Ok(engine
        .store()
        .history()
        .incidents(arguments.range, arguments.check_id.as_deref(), arguments.limit)
        .await?)
}
