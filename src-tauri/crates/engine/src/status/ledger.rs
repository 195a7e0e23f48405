//! The observation ledger: the times in which Binnacle was not running, or the machine slept.

use model::{Gap, GapReason, NANOS_PER_SECOND, TimeRange, Timestamp};
use store::{Store, StoreError};

/// Minimum length of an absence in seconds. Shorter ones are not worth a gap in every chart.
const MIN_ABSENCE_SECONDS: i64 = 30;
/// Minimum length of a sleep in seconds. Shorter ones are noise of the clocks.
const MIN_SLEEP_SECONDS: f64 = 3.0;

/// Records the time since the last heartbeat of an earlier run as "not running".
pub(crate) async fn record_absence(store: &Store, started: Timestamp) -> Result<(), StoreError> {
    if let Some(last) = store.history().last_heartbeat().await?
        && started.since(last) > MIN_ABSENCE_SECONDS * NANOS_PER_SECOND
    {
        let range = TimeRange::new(last, started);
        store.history().record_gap(Gap { range, reason: GapReason::NotRunning }).await?;
    }
    store.history().heartbeat(started).await
}

/// Records a sleep that ended at `woke`, unless it is shorter than the minimum.
pub(crate) async fn record_sleep(
    store: &Store,
    slept_seconds: f64,
    woke: Timestamp,
) -> Result<(), StoreError> {
    if slept_seconds <= MIN_SLEEP_SECONDS {
        return Ok(());
    }
    let fell_asleep = woke.offset(-(slept_seconds * NANOS_PER_SECOND as f64) as i64);
    let range = TimeRange::new(fell_asleep, woke);
    store.history().record_gap(Gap { range, reason: GapReason::Asleep }).await
}
