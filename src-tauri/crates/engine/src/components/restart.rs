//! Runs components in a stage and restarts those that fail.

use std::{sync::Arc, time::Duration};

use model::HealthState;
use runtime::{Backoff, Clock, HealthReporter};
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
pub(crate) fn start(stage: &Stage, clock: &Clock, health: HealthReporter, component: impl Component) {
    supervise(stage, clock.clone(), health, stage.token(), Arc::new(component));
}

/// Runs a component until `stop`. After a panic or an early end the component is reported as
/// unhealthy and restarted, after a pause that doubles each time up to a minute.
pub(super) fn supervise(
    stage: &Stage,
    clock: Clock,
    health: HealthReporter,
    stop: CancellationToken,
    component: Arc<dyn Component>,
) {
    stage.spawn(async move {
        let mut backoff = Backoff::new(MIN_PAUSE, MAX_PAUSE);
        while !stop.is_cancelled() {
            let started = clock.instant();
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
            if clock.instant().duration_since(started) > STABLE_AFTER {
                backoff.reset();
            }
            let pause = backoff.next_delay();
            let name = health.status().name;
            tracing::warn!(component = %name, %reason, "component failed, restart in {pause:?}");
            health.report(HealthState::Unhealthy, format!("{reason}; restart in {} s", pause.as_secs()));
            tokio::select! {
                () = clock.sleep(pause) => {}
                () = stop.cancelled() => return,
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use model::Timestamp;
    use runtime::ManualClock;
    use tokio::sync::watch;

    use super::*;

    /// A component that panics at its first two starts and announces every start.
    struct FailsTwice {
        starts: watch::Sender<u32>,
    }

    #[async_trait]
    impl Component for FailsTwice {
        async fn run(&self, _: HealthReporter, stop: CancellationToken) -> Result<(), String> {
            self.starts.send_modify(|starts| *starts += 1);
            assert!(*self.starts.borrow() > 2, "planted");
            stop.cancelled().await;
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_component_that_panics_is_reported_and_restarted() {
        let time = ManualClock::new(Timestamp(0));
        let stage = Stage::default();
        let health = HealthReporter::new("component");
        let (sender, mut starts) = watch::channel(0);
        start(&stage, &time.clock(), health.clone(), FailsTwice { starts: sender });
        for pause in [1, 2] {
            time.wait_for_sleepers(1).await;
            assert_eq!(health.status().state, HealthState::Unhealthy);
            assert!(health.status().message.ends_with(&format!("restart in {pause} s")));
            let before = *starts.borrow_and_update();
            time.advance(Duration::from_secs(pause));
            starts.wait_for(|starts| *starts > before).await.unwrap();
        }
        assert_eq!(*starts.borrow(), 3);
        assert!(stage.stop(Duration::from_secs(1)).await);
    }
}
