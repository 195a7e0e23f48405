//! Writing of results to the store.

use std::{future::Future, time::SystemTime};

use model::{CheckResult, HealthCheck, Incident, Timestamp};
use store::{Store, StoreError};

use crate::{series::telemetry, state::CheckState, verdict::incident_change};

/// The number of attempts at a busy store before a result is dropped.
const MAX_ATTEMPTS: u32 = 10;

/// Returns the present time.
pub(crate) fn now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since_epoch.as_nanos()).unwrap_or(i64::MAX))
}

/// Records a result with the change of its incident, then the series made from it. The state takes
/// only committed results, so state and store cannot differ.
pub(crate) async fn record(
    store: &Store,
    check: &HealthCheck,
    state: &CheckState,
    result: CheckResult,
) -> Result<CheckResult, StoreError> {
    let changed = incident_change(state.observed().open_incident.as_ref(), &result);
    record_with(store, check, state, result, changed).await
}

/// Records a result that ends the open incident, if there is one, without a healthy result. Used
/// when the check runs no longer.
pub(crate) async fn record_end(
    store: &Store,
    check: &HealthCheck,
    state: &CheckState,
    result: CheckResult,
) -> Result<CheckResult, StoreError> {
    let open = state.observed().open_incident.clone();
    let ended = open.map(|open| Incident { ended: Some(result.time), ..open });
    record_with(store, check, state, result, ended).await
}

async fn record_with(
    store: &Store,
    check: &HealthCheck,
    state: &CheckState,
    result: CheckResult,
    changed: Option<Incident>,
) -> Result<CheckResult, StoreError> {
    let history = store.history();
    retry_while_busy(|| history.record_check_result(result.clone(), changed.clone())).await?;
    state.observed().apply(result.clone(), changed);
    let batch = telemetry(check, &result);
    if !batch.is_empty()
        && let Err(error) = retry_while_busy(|| store.write(batch.clone())).await
    {
        tracing::warn!(check = %check.name, %error, "series of a check result dropped: store failed");
    }
    Ok(result)
}

/// Writes again while the store is busy, up to [`MAX_ATTEMPTS`] times.
async fn retry_while_busy<F: Future<Output = Result<(), StoreError>>>(
    write: impl Fn() -> F,
) -> Result<(), StoreError> {
    let mut attempt = 1;
    loop {
        let outcome = write().await;
        match outcome.as_ref().err().and_then(StoreError::retry_after) {
            Some(wait) if attempt < MAX_ATTEMPTS => {
                tokio::time::sleep(wait).await;
                attempt += 1;
            }
            _ => return outcome,
        }
    }
}
