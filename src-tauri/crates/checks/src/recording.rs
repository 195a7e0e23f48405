//! Handing results to the store.

use std::{future::Future, time::SystemTime};

use model::{CheckResult, HealthCheck, Incident, Timestamp};
use store::{Store, StoreError};

use crate::{incident_change, memory::Memory, series::telemetry};

/// How often a busy store is asked again before a result is given up.
const ATTEMPTS: u32 = 10;

/// The present.
pub(crate) fn now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since_epoch.as_nanos()).unwrap_or(i64::MAX))
}

/// Records a result with what it changes about incidents, then the series made from it. Only what is
/// committed is remembered, so memory and store cannot drift apart.
pub(crate) async fn record(
    store: &Store,
    check: &HealthCheck,
    memory: &Memory,
    result: CheckResult,
) -> Result<CheckResult, StoreError> {
    let change = incident_change(memory.known().open.as_ref(), &result);
    record_with(store, check, memory, result, change).await
}

/// Records a result that ends the open incident, if there is one, although nothing healthy was seen: the
/// check is not looked at any longer.
pub(crate) async fn record_end(
    store: &Store,
    check: &HealthCheck,
    memory: &Memory,
    result: CheckResult,
) -> Result<CheckResult, StoreError> {
    let ended = memory.known().open.clone().map(|open| Incident { ended: Some(result.time), ..open });
    record_with(store, check, memory, result, ended).await
}

async fn record_with(
    store: &Store,
    check: &HealthCheck,
    memory: &Memory,
    result: CheckResult,
    change: Option<Incident>,
) -> Result<CheckResult, StoreError> {
    patiently(|| store.record_check_result(result.clone(), change.clone())).await?;
    memory.known().take_in(result.clone(), change);
    let batch = telemetry(check, &result);
    if !batch.is_empty()
        && let Err(error) = patiently(|| store.write(batch.clone())).await
    {
        tracing::warn!(check = %check.name, %error, "the series of a check result were not kept");
    }
    Ok(result)
}

/// Writes again for as long as the store is busy, within bounds.
async fn patiently<F: Future<Output = Result<(), StoreError>>>(
    write: impl Fn() -> F,
) -> Result<(), StoreError> {
    let mut attempt = 1;
    loop {
        let outcome = write().await;
        match outcome.as_ref().err().and_then(StoreError::retry_after) {
            Some(wait) if attempt < ATTEMPTS => {
                tokio::time::sleep(wait).await;
                attempt += 1;
            }
            _ => return outcome,
        }
    }
}
