//! Rules, alerts, silences and notifications.

use ::alerts::{AlertRule, RuleBacktest, RuleOverview};
use engine::Engine;
use model::*;

use crate::{ApiError, arguments::*};

pub(crate) async fn rules(engine: &Engine, _: Nothing) -> Result<Vec<RuleOverview>, ApiError> {
    Ok(engine.alerts().rules().await?)
}

pub(crate) async fn save_rule(engine: &Engine, arguments: RuleArguments) -> Result<AlertRule, ApiError> {
    Ok(engine.alerts().save_rule(arguments.rule).await?)
}

pub(crate) async fn delete_rule(engine: &Engine, arguments: IdArguments) -> Result<(), ApiError> {
    found(engine.alerts().delete_rule(&arguments.id).await?, "rule", &arguments.id)
}

pub(crate) async fn backtest_rule(
    engine: &Engine,
    arguments: BacktestArguments,
) -> Result<RuleBacktest, ApiError> {
    Ok(engine.alerts().backtest(&arguments.rule, arguments.range).await?)
}

pub(crate) async fn alerts(engine: &Engine, _: Nothing) -> Result<Vec<Alert>, ApiError> {
    Ok(engine.alerts().alerts().await?)
}

pub(crate) async fn alert_history(
    engine: &Engine,
    arguments: HistoryArguments,
) -> Result<Vec<AlertTransition>, ApiError> {
    Ok(engine.store().history().transitions(arguments.range, arguments.limit).await?)
}

pub(crate) async fn alert_evidence(
    engine: &Engine,
    arguments: EvidenceArguments,
) -> Result<Option<AlertEvidence>, ApiError> {
    Ok(engine.store().history().evidence(&arguments.fingerprint, arguments.fired_at).await?)
}

pub(crate) async fn acknowledge_alert(
    engine: &Engine,
    arguments: AcknowledgeArguments,
) -> Result<(), ApiError> {
    engine.alerts().acknowledge(&arguments.fingerprint, arguments.acknowledged).await?;
    Ok(())
}

pub(crate) async fn silences(engine: &Engine, _: Nothing) -> Result<Vec<Silence>, ApiError> {
    Ok(engine.alerts().silences().await?)
}

pub(crate) async fn save_silence(engine: &Engine, arguments: SilenceArguments) -> Result<Silence, ApiError> {
    Ok(engine.alerts().save_silence(arguments.silence).await?)
}

pub(crate) async fn delete_silence(engine: &Engine, arguments: IdArguments) -> Result<(), ApiError> {
    found(engine.alerts().delete_silence(&arguments.id).await?, "silence", &arguments.id)
}

pub(crate) async fn notifications(
    engine: &Engine,
    arguments: HistoryArguments,
) -> Result<Vec<Notification>, ApiError> {
    Ok(engine.store().history().notifications(arguments.range, arguments.limit).await?)
}

pub(crate) async fn test_notification(engine: &Engine, _: Nothing) -> Result<Notification, ApiError> {
    Ok(engine.alerts().test_notification().await?)
}

pub(crate) async fn mute(engine: &Engine, arguments: MuteArguments) -> Result<(), ApiError> {
    let until = arguments
        .minutes
        .map(|minutes| engine.clock().now().offset(i64::from(minutes) * 60 * NANOS_PER_SECOND));
    Ok(engine.alerts().mute(until).await?)
}

fn found(found: bool, what: &str, id: &str) -> Result<(), ApiError> {
    if found { Ok(()) } else { Err(ApiError::not_found(format!("there is no {what} {id:?}"))) }
}
