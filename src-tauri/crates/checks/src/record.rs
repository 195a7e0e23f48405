//! Writing of results to the store.

use std::future::pending;

use model::{CheckResult, HealthCheck, Incident};
use runtime::{Clock, RetryPolicy, retry_while_busy};
use store::{Store, StoreError};

use crate::{series::telemetry, state::CheckState, verdict::incident_change};

/// The number of attempts at a busy store before a result is dropped.
const MAX_ATTEMPTS: u32 = 10;

/// Records a result with the change of its incident, then the series made from it. The state takes
/// only committed results, so state and store cannot differ.
pub(crate) async fn record(
    store: &Store,
    clock: &Clock,
    check: &HealthCheck,
    state: &CheckState,
    result: CheckResult,
) -> Result<CheckResult, StoreError> {
    let changed = incident_change(state.observed().open_incident.as_ref(), &result);
    record_with(store, clock, check, state, result, changed).await
}

/// Records a result that ends the open incident, if there is one, without a healthy result. Used
/// when the check runs no longer.
pub(crate) async fn record_end(
    store: &Store,
    clock: &Clock,
    check: &HealthCheck,
    state: &CheckState,
    result: CheckResult,
) -> Result<CheckResult, StoreError> {
    let open = state.observed().open_incident.clone();
    let ended = open.map(|open| Incident { ended: Some(result.time), ..open });
    record_with(store, clock, check, state, result, ended).await
}

async fn record_with(
    store: &Store,
    clock: &Clock,
    check: &HealthCheck,
    state: &CheckState,
    result: CheckResult,
    changed: Option<Incident>,
) -> Result<CheckResult, StoreError> {
    let history = store.history();
    let policy = RetryPolicy::attempts(MAX_ATTEMPTS);
    retry_while_busy(clock, policy, pending(), || {
        history.record_check_result(result.clone(), changed.clone())
    })
    .await?;
    state.observed().apply(result.clone(), changed);
    let batch = telemetry(check, &result);
    if !batch.is_empty()
        && let Err(error) = retry_while_busy(clock, policy, pending(), || store.write(batch.clone())).await
    {
        tracing::warn!(check = %check.name, %error, "series of a check result dropped: store failed");
    }
    Ok(result)
}
