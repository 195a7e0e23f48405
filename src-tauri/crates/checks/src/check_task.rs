//! Looking at one check: on time, with retries, until it is changed or stopped.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime},
};

use model::{CheckKind, CheckResult, HealthCheck, HealthState};
use store::Store;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use crate::{
    CheckError, NetworkState, ProbeOutcome, SecretError, SecretStore, memory::Memory, network::is_local,
    probe, recording, recording::now, secrets::Secret, verdict,
};

/// The pause between attempts when somebody waits for the result.
const HURRIED_RETRY: Duration = Duration::from_secs(1);

/// An attempt that took this much longer by the wall clock than it may take was interrupted by sleep.
const SLEEP_ALLOWANCE: Duration = Duration::from_secs(5);

/// Attempts given up because the machine slept meanwhile, before the next one counts regardless.
const INTERRUPTED_ATTEMPTS: u32 = 2;

/// What all checks share.
pub(crate) struct Surroundings {
    /// Where results go.
    pub(crate) store: Store,
    /// Where passwords come from.
    pub(crate) secrets: Arc<dyn SecretStore>,
    /// Whether scheduled looks are left out for now.
    pub(crate) paused: AtomicBool,
}

/// One check as it was last saved, and its schedule.
pub(crate) struct CheckTask {
    /// The check.
    pub(crate) check: HealthCheck,
    /// What is known of it, shared with earlier and later versions of the check.
    pub(crate) memory: Arc<Memory>,
    /// Ends the schedule and any look under way.
    pub(crate) stop: CancellationToken,
    surroundings: Arc<Surroundings>,
}

impl CheckTask {
    /// The task of `check`; nothing runs yet.
    pub(crate) fn new(
        check: HealthCheck,
        memory: Arc<Memory>,
        stop: CancellationToken,
        surroundings: Arc<Surroundings>,
    ) -> Arc<Self> {
        Arc::new(Self { check, memory, stop, surroundings })
    }

    /// Looks every interval, the first time after `first_delay`. Looks that would be late (the one before
    /// took longer, the machine slept) are left out rather than made up for.
    pub(crate) async fn run(self: Arc<Self>, first_delay: Duration) {
        let interval = Duration::from_secs(u64::from(self.check.interval_seconds.max(1)));
        let mut ticks = tokio::time::interval_at(Instant::now() + first_delay, interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return,
                _ = ticks.tick() => {}
            }
            if self.surroundings.paused.load(Ordering::Relaxed) {
                continue;
            }
            // A task of its own, so that a panic ends one look and not the schedule.
            let this = self.clone();
            match AbortOnDropHandle::new(tokio::spawn(async move { this.look().await })).await {
                Ok(Ok(_) | Err(CheckError::Interrupted)) => {}
                Ok(Err(error)) => {
                    tracing::warn!(check = %self.check.name, %error, "a check result was not kept")
                }
                Err(error) => {
                    tracing::error!(check = %self.check.name, %error, "a look at a check broke off")
                }
            }
        }
    }

    /// Looks now, retries included, and records the result. Waits for a look under way to end first.
    pub(crate) async fn look(&self) -> Result<CheckResult, CheckError> {
        let (_looking, (outcome, attempts)) = tokio::select! {
            biased;
            () = self.stop.cancelled() => return Err(CheckError::Interrupted),
            found = async {
                let looking = self.memory.looking.lock().await;
                (looking, self.attempts().await)
            } => found,
        };
        let result = result(&self.check.id, outcome, attempts);
        Ok(recording::record(&self.surroundings.store, &self.check, &self.memory, result).await?)
    }

    /// Attempts until one does not fail or none is left; the last one and their number.
    async fn attempts(&self) -> (ProbeOutcome, u32) {
        let allowed = if self.memory.known().is_failing() { 1 } else { 1 + self.check.retries };
        let pause = Duration::from_secs(u64::from(self.check.retry_interval_seconds));
        let mut attempt = 1;
        loop {
            let outcome = self.attempt().await;
            if outcome.state != HealthState::Unhealthy || attempt >= allowed {
                return (outcome, attempt);
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.memory.somebody_waits() => tokio::time::sleep(pause.min(HURRIED_RETRY)).await,
            }
            attempt += 1;
        }
    }

    async fn attempt(&self) -> ProbeOutcome {
        let secret = match self.secret().await {
            Ok(secret) => secret,
            Err(error) => return unknown(format!("the password cannot be read: {error}")),
        };
        let mut outcome = unknown(String::new());
        for _ in 0..=INTERRUPTED_ATTEMPTS {
            let started = SystemTime::now();
            outcome = attempt_once(&self.check, secret.clone()).await;
            if !slept(started.elapsed().unwrap_or_default(), self.check.timeout_seconds) {
                break;
            }
        }
        outcome
    }

    /// The secret of the check, read once and then remembered.
    pub(crate) async fn secret(&self) -> Result<Option<Secret>, SecretError> {
        if matches!(self.check.kind, CheckKind::Tcp { .. }) {
            return Ok(None);
        }
        let mut remembered = self.memory.secret.lock().await;
        if let Some(secret) = remembered.as_ref() {
            return Ok(secret.clone());
        }
        let secret = read_secret(&self.surroundings.secrets, &self.check.id).await?;
        *remembered = Some(secret.clone());
        Ok(secret)
    }
}

/// Reads a secret on a thread that may block.
async fn read_secret(secrets: &Arc<dyn SecretStore>, id: &str) -> Result<Option<Secret>, SecretError> {
    let (secrets, id) = (secrets.clone(), id.to_owned());
    tokio::task::spawn_blocking(move || secrets.get(&id))
        .await
        .unwrap_or_else(|error| Err(SecretError::Keyring(error.to_string())))
        .map(|secret| secret.map(Secret))
}

/// One attempt with the verdict on it. A panic in it is an unknown outcome.
pub(crate) async fn attempt_once(check: &HealthCheck, secret: Option<Secret>) -> ProbeOutcome {
    let local = is_local(&check.kind);
    let looked_at = check.clone();
    let probing =
        tokio::spawn(async move { probe(&looked_at, secret.as_ref().map(|secret| secret.0.as_str())).await });
    match AbortOnDropHandle::new(probing).await {
        Ok(outcome) if outcome.state == HealthState::Unhealthy => {
            verdict(outcome, NetworkState::now(), local)
        }
        Ok(outcome) => outcome,
        Err(error) => {
            tracing::error!(check = %check.name, %error, "an attempt at a check broke off");
            unknown("the look broke off because of a fault in Binnacle".to_owned())
        }
    }
}

/// A result of the present moment.
pub(crate) fn result(check_id: &str, outcome: ProbeOutcome, attempts: u32) -> CheckResult {
    CheckResult {
        check_id: check_id.to_owned(),
        time: now(),
        state: outcome.state,
        duration: outcome.duration,
        message: outcome.message,
        attempts,
        measurements: outcome.measurements,
    }
}

/// An outcome that says nothing about the target.
pub(crate) fn unknown(message: String) -> ProbeOutcome {
    ProbeOutcome { state: HealthState::Unknown, message, duration: 0, measurements: Default::default() }
}

/// Whether the machine slept during an attempt that took `elapsed` by the wall clock. The attempt's own
/// limit runs on a clock that stands still in sleep, on most systems.
fn slept(elapsed: Duration, timeout_seconds: u32) -> bool {
    elapsed > Duration::from_secs(u64::from(timeout_seconds.max(1))) + SLEEP_ALLOWANCE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_longer_than_its_limit_was_slept_through() {
        assert!(!slept(Duration::from_secs(10), 10));
        assert!(!slept(Duration::from_secs(15), 10));
        assert!(slept(Duration::from_secs(3600), 10));
    }
}
