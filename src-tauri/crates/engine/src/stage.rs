//! Groups of tasks that are stopped together, upstream first.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use model::{HealthState, PartReporter};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// A part that ran this long before it failed starts again at once.
const SETTLED: Duration = Duration::from_secs(60);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// A group of tasks with one way to stop them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stage {
    token: CancellationToken,
    tracker: TaskTracker,
}

impl Stage {
    /// A token that is cancelled with the stage.
    pub(crate) fn token(&self) -> CancellationToken {
        self.token.child_token()
    }

    /// Runs a task that watches its token by itself.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tracker.spawn(task);
    }

    /// Runs a part until `stop`: when it panics or ends early it is reported and started again, after a
    /// pause that doubles each time up to a minute.
    pub(crate) fn supervise<F, T>(&self, reporter: PartReporter, stop: CancellationToken, start: F)
    where
        F: Fn(CancellationToken) -> T + Send + 'static,
        T: Future<Output = Result<(), String>> + Send + 'static,
    {
        self.tracker.spawn(async move {
            let mut pause = Duration::from_secs(1);
            while !stop.is_cancelled() {
                let began = Instant::now();
                let outcome = tokio::spawn(start(stop.clone())).await;
                if stop.is_cancelled() {
                    return;
                }
                let reason = match outcome {
                    Ok(Ok(())) => "ended unexpectedly".to_owned(),
                    Ok(Err(reason)) => reason,
                    Err(_) => "failed with a fault of Binnacle".to_owned(),
                };
                if began.elapsed() > SETTLED {
                    pause = Duration::from_secs(1);
                }
                tracing::warn!(part = %reporter.status().name, %reason, "part is started again in {pause:?}");
                reporter.report(
                    HealthState::Unhealthy,
                    format!("{reason}; started again in {} s", pause.as_secs()),
                );
                tokio::select! {
                    () = tokio::time::sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
                    () = stop.cancelled() => return,
                }
            }
        });
    }

    /// Stops all tasks and waits for them, at most `deadline`. Whether all ended.
    pub(crate) async fn stop(&self, deadline: Duration) -> bool {
        self.token.cancel();
        self.tracker.close();
        tokio::time::timeout(deadline, self.tracker.wait()).await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    };

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_part_that_panics_is_reported_and_started_again() {
        let stage = Stage::default();
        let reporter = PartReporter::new("part");
        let starts = Arc::new(AtomicU32::new(0));
        let counted = starts.clone();
        stage.supervise(reporter.clone(), stage.token(), move |stop| {
            let start = counted.fetch_add(1, Ordering::SeqCst);
            async move {
                assert!(start >= 2, "planted");
                stop.cancelled().await;
                Ok(())
            }
        });
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(reporter.status().state, HealthState::Unhealthy);
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!(starts.load(Ordering::SeqCst), 3);
        assert!(stage.stop(Duration::from_secs(1)).await);
    }
}
