//! The observation ledger: notes when Binnacle was not running and when the machine slept.

use std::time::Duration;

use model::{Gap, GapReason, NANOS_PER_SECOND, PartReporter, TimeRange, Timestamp};
use store::{Store, StoreError};
use tokio_util::sync::CancellationToken;

use crate::{clock::SleepDetector, now};

/// How often Binnacle notes that it is there.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// How often sleep is looked for.
const LOOK: Duration = Duration::from_secs(1);
/// Shorter absences are not worth a hole in every chart.
const SHORTEST_ABSENCE_SECONDS: i64 = 30;
/// Shorter sleeps are the clocks' own noise.
const SHORTEST_SLEEP_SECONDS: f64 = 3.0;

/// Notes the time since the last heartbeat of an earlier run as "not running".
pub(crate) async fn record_absence(store: &Store, started: Timestamp) -> Result<(), StoreError> {
    if let Some(last) = store.last_heartbeat().await?
        && started.since(last) > SHORTEST_ABSENCE_SECONDS * NANOS_PER_SECOND
    {
        let range = TimeRange::new(last, started);
        store.record_gap(Gap { range, reason: GapReason::NotRunning }).await?;
    }
    store.heartbeat(started).await
}

/// Notes heartbeats and sleep until `stop`.
pub(crate) async fn run(store: Store, reporter: PartReporter, stop: CancellationToken) {
    let mut detector = SleepDetector::new();
    let mut since_heartbeat = Duration::ZERO;
    reporter.healthy();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
        let slept = detector.slept_seconds();
        let mut outcome = Ok(());
        if slept > SHORTEST_SLEEP_SECONDS {
            let woke = now();
            let fell_asleep = woke.offset(-(slept * NANOS_PER_SECOND as f64) as i64);
            let range = TimeRange::new(fell_asleep, woke);
            outcome = store.record_gap(Gap { range, reason: GapReason::Asleep }).await;
        }
        since_heartbeat += LOOK;
        if since_heartbeat >= HEARTBEAT {
            since_heartbeat = Duration::ZERO;
            outcome = outcome.and(store.heartbeat(now()).await);
        }
        match outcome {
            Ok(()) => reporter.healthy(),
            Err(error) => reporter.report(model::HealthState::Degraded, error.to_string()),
        }
    }
}
