//! When which rule is evaluated: one task, every rule at its interval on a grid from the epoch.

use std::{
    sync::{Arc, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use model::{NANOS_PER_SECOND, Timestamp};
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::service::Inner;

/// Rules evaluated at the same time.
const AT_ONCE: usize = 4;
/// The scheduler looks at the clock at least this often.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);
/// A longer time between two looks means that the machine was asleep, in nanoseconds.
const ASLEEP: i64 = 15 * NANOS_PER_SECOND;
/// How long evaluations may take to end when the service stops.
const DRAIN: Duration = Duration::from_secs(5);

/// The time of the machine's clock.
pub(crate) fn clock() -> Timestamp {
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    Timestamp(i64::try_from(nanos).unwrap_or(i64::MAX))
}

/// Loads what is kept, then evaluates until `stop`.
pub(crate) async fn run(inner: Arc<Inner>, stop: CancellationToken) {
    loop {
        match inner.load(clock()).await {
            Ok(()) => break,
            Err(error) => tracing::warn!(%error, "the alert rules could not be loaded, trying again"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LONGEST_SLEEP) => {}
        }
    }
    let mut chosen = inner.notifier.chosen();
    let running = TaskTracker::new();
    let permits = Arc::new(Semaphore::new(AT_ONCE));
    let mut looked = clock();
    while !stop.is_cancelled() {
        let now = clock();
        if now.since(looked) > ASLEEP {
            *inner.observing_since.lock().unwrap_or_else(PoisonError::into_inner) = now;
        }
        looked = now;
        for cell in inner.due(now) {
            let (inner, permits) = (inner.clone(), permits.clone());
            running.spawn(async move {
                if let Ok(_permit) = permits.acquire().await {
                    inner.evaluate(&cell, clock()).await;
                }
                cell.state().running = false;
                inner.wake.notify_one();
            });
        }
        let next = inner.next_due().map_or(i64::MAX, |due| due.since(clock()));
        let sleep = Duration::from_nanos(u64::try_from(next).unwrap_or(0))
            .clamp(Duration::from_millis(5), LONGEST_SLEEP);
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(sleep) => {}
            () = inner.wake.notified() => {}
            Ok(action) = chosen.recv() => inner.act(action, clock()).await,
        }
    }
    running.close();
    if tokio::time::timeout(DRAIN, running.wait()).await.is_err() {
        tracing::warn!("some rules were still being evaluated when alerting stopped");
    }
}
