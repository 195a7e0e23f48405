//! Health checks.

use engine::Engine;
use model::{CheckOverview, CheckResult, HealthCheck, Incident};

use crate::{ApiError, arguments::*};

pub(crate) async fn checks(
    engine: &Engine,
    arguments: ChecksArguments,
) -> Result<Vec<CheckOverview>, ApiError> {
    let mut checks = engine.checks().overview(arguments.range, arguments.buckets).await?;
    let notifying = engine.alerts().notifying_checks().await?;
    for one in &mut checks {
        one.notifies = notifying.contains(&one.check.id);
    }
    Ok(checks)
}

pub(crate) async fn save_check(engine: &Engine, arguments: CheckArguments) -> Result<HealthCheck, ApiError> {
    if arguments.notify == Some(false) {
        engine.alerts().notifying_checks().await?.allow_silent()?;
    }
    let saved = engine.checks().save(arguments.check, arguments.secret).await?;
    if let Some(notify) = arguments.notify {
        engine.alerts().set_notification(&saved, notify).await?;
    }
    Ok(saved)
}

pub(crate) async fn delete_check(engine: &Engine, arguments: IdArguments) -> Result<(), ApiError> {
    engine.checks().delete(&arguments.id).await?;
    Ok(engine.alerts().forget_check(&arguments.id).await?)
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
