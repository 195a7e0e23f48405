//! Runs components in a stage and restarts those that fail.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use model::HealthState;
use runtime::HealthReporter;
use tokio_util::sync::CancellationToken;

use super::component::Component;
use crate::stage::Stage;

/// The first pause before a restart.
const MIN_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause before a restart.
const MAX_PAUSE: Duration = Duration::from_secs(60);
/// A component that ran this long before it failed restarts after the first pause again.
const STABLE_AFTER: Duration = Duration::from_secs(60);

/// Runs a component until the stage stops.
pub(crate) fn start(stage: &Stage, health: HealthReporter, component: impl Component) {
    supervise(stage, health, stage.token(), Arc::new(component));
}

/// Runs a component until `stop`. After a panic or an early end the component is reported as
/// unhealthy and restarted, after a pause that doubles each time up to a minute.
pub(super) fn supervise(
    stage: &Stage,
    health: HealthReporter,
    stop: CancellationToken,
    component: Arc<dyn Component>,
) {
    stage.spawn(async move {
        let mut pause = MIN_PAUSE;
        while !stop.is_cancelled() {
            let started = Instant::now();
            let (running, in_task) = (component.clone(), (health.clone(), stop.clone()));
            let outcome = tokio::spawn(async move { running.run(in_task.0, in_task.1).await }).await;
            if stop.is_cancelled() {
                return;
            }
            let reason = match outcome {
                Ok(Ok(())) => "ended unexpectedly".to_owned(),
                Ok(Err(reason)) => reason,
                Err(_) => "internal error".to_owned(),
            };
            if started.elapsed() > STABLE_AFTER {
                pause = MIN_PAUSE;
            }
            let name = health.status().name;
            tracing::warn!(component = %name, %reason, "component failed, restart in {pause:?}");
            health.report(HealthState::Unhealthy, format!("{reason}; restart in {} s", pause.as_secs()));
            tokio::select! {
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(MAX_PAUSE),
                () = stop.cancelled() => return,
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use async_trait::async_trait;

    use super::*;

    struct FailsTwice {
        starts: Arc<AtomicU32>,
    }

    #[async_trait]
    impl Component for FailsTwice {
        async fn run(&self, _: HealthReporter, stop: CancellationToken) -> Result<(), String> {
            assert!(self.starts.fetch_add(1, Ordering::SeqCst) >= 2, "planted");
            stop.cancelled().await;
            Ok(())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_component_that_panics_is_reported_and_restarted() {
        let stage = Stage::default();
        let health = HealthReporter::new("component");
        let starts = Arc::new(AtomicU32::new(0));
        start(&stage, health.clone(), FailsTwice { starts: starts.clone() });
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(health.status().state, HealthState::Unhealthy);
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!(starts.load(Ordering::SeqCst), 3);
        assert!(stage.stop(Duration::from_secs(1)).await);
    }
}
