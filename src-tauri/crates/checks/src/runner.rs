//! Runs of one check: attempts, retries and the recorded result.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use model::{CheckResult, HealthCheck, HealthState, Timestamp};
use runtime::Clock;
use store::Store;
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use crate::{
    error::CheckError,
    kinds::AnyKind,
    network::NetworkState,
    outcome::ProbeOutcome,
    probe::probe_kind,
    record,
    registry::parse,
    secret_target::SecretTarget,
    secrets::{Secret, SecretError, SecretStore},
    state::CheckState,
    verdict::verdict,
};

/// The pause between attempts while a caller waits for the result.
const HURRIED_RETRY: Duration = Duration::from_secs(1);

/// The excess of wall-clock time over the timeout that shows that the machine slept.
const SLEEP_ALLOWANCE: Duration = Duration::from_secs(5);

/// The number of attempts repeated because the machine slept. The next attempt counts regardless.
const MAX_INTERRUPTED_ATTEMPTS: u32 = 2;

/// The context that all checks share.
pub(crate) struct CheckContext {
    /// The store of results.
    pub(crate) store: Store,
    /// The store of passwords.
    pub(crate) secrets: Arc<dyn SecretStore>,
    /// The clock of schedules, retries and results.
    pub(crate) clock: Clock,
    /// Whether scheduled runs are skipped for now.
    pub(crate) paused: AtomicBool,
}

/// A runner of one check as it was last saved.
pub(crate) struct CheckRunner {
    /// The check.
    pub(crate) check: HealthCheck,
    /// The state, shared with earlier and later versions of the check.
    pub(crate) state: Arc<CheckState>,
    /// The token that ends the schedule and a run in progress.
    pub(crate) stop: CancellationToken,
    /// The parsed settings, or the reason why this version cannot use them.
    kind: Result<AnyKind, CheckError>,
    pub(crate) context: Arc<CheckContext>,
}

impl CheckRunner {
    /// Creates the runner of `check`. Nothing runs yet.
    pub(crate) fn new(
        check: HealthCheck,
        state: Arc<CheckState>,
        stop: CancellationToken,
        context: Arc<CheckContext>,
    ) -> Arc<Self> {
        let kind = parse(&check.kind);
        Arc::new(Self { check, state, stop, kind, context })
    }

    /// Returns whether scheduled runs are skipped for now.
    pub(crate) fn is_paused(&self) -> bool {
        self.context.paused.load(Ordering::Relaxed)
    }

    /// Runs the check now, retries included, and records the result. Waits for a run in progress
    /// first.
    pub(crate) async fn run(&self) -> Result<CheckResult, CheckError> {
        let (_running, (outcome, attempts)) = tokio::select! {
            biased;
            () = self.stop.cancelled() => return Err(CheckError::Interrupted),
            found = async {
                let running = self.state.run_lock.lock().await;
                (running, self.attempts().await)
            } => found,
        };
        let context = &self.context;
        let result = result(&self.check.id, outcome, attempts, context.clock.now());
        Ok(record::record(&context.store, &context.clock, &self.check, &self.state, result).await?)
    }

    /// Makes attempts until one does not fail or none is left. Returns the last outcome and the
    /// number of attempts.
    async fn attempts(&self) -> (ProbeOutcome, u32) {
        let allowed = if self.state.observed().is_failing() { 1 } else { 1 + self.check.retries };
        let pause = Duration::from_secs(u64::from(self.check.retry_interval_seconds));
        let (clock, mut attempt) = (&self.context.clock, 1);
        loop {
            let outcome = self.attempt().await;
            if outcome.state != HealthState::Unhealthy || attempt >= allowed {
                return (outcome, attempt);
            }
            tokio::select! {
                () = clock.sleep(pause) => {}
                () = self.state.caller_waits() => clock.sleep(pause.min(HURRIED_RETRY)).await,
            }
            attempt += 1;
        }
    }

    async fn attempt(&self) -> ProbeOutcome {
        let kind = match &self.kind {
            Ok(kind) => kind,
            Err(error) => return ProbeOutcome::unknown(error.to_string()),
        };
        let secret = match self.secret().await {
            Ok(secret) => secret,
            Err(error) => return ProbeOutcome::unknown(format!("the password cannot be read: {error}")),
        };
        let clock = &self.context.clock;
        let mut outcome = ProbeOutcome::unknown(String::new());
        for _ in 0..=MAX_INTERRUPTED_ATTEMPTS {
            let started = clock.now();
            outcome = attempt_once(&self.check, kind, secret.clone(), clock).await;
            if !slept(started, clock.now(), self.check.timeout_seconds) {
                break;
            }
        }
        outcome
    }

    /// Returns the server and user that the secret of the check belongs to.
    pub(crate) fn secret_target(&self) -> Option<SecretTarget> {
        self.kind.as_ref().ok().and_then(AnyKind::secret_target)
    }

    /// Returns the secret of the check. It is read once and then cached.
    pub(crate) async fn secret(&self) -> Result<Option<Secret>, SecretError> {
        if self.secret_target().is_none() {
            return Ok(None);
        }
        let mut cached = self.state.secret.lock().await;
        if let Some(secret) = cached.as_ref() {
            return Ok(secret.clone());
        }
        let secret = read_secret(&self.context.secrets, &self.check.id).await?;
        *cached = Some(secret.clone());
        Ok(secret)
    }
}

/// Reads a secret on a thread that may block.
pub(crate) async fn read_secret(
    secrets: &Arc<dyn SecretStore>,
    id: &str,
) -> Result<Option<Secret>, SecretError> {
    let (secrets, id) = (secrets.clone(), id.to_owned());
    tokio::task::spawn_blocking(move || secrets.get(&id))
        .await
        .unwrap_or_else(|error| Err(SecretError::Keyring(error.to_string())))
        .map(|secret| secret.map(Secret))
}

/// Makes one attempt and returns it with its verdict. A panic in it is an unknown outcome.
pub(crate) async fn attempt_once(
    check: &HealthCheck,
    kind: &AnyKind,
    secret: Option<Secret>,
    clock: &Clock,
) -> ProbeOutcome {
    let local = kind.is_local();
    let (probed, kind, clock) = (check.clone(), kind.clone(), clock.clone());
    let probing = tokio::spawn(async move {
        probe_kind(&probed, &kind, secret.as_ref().map(|secret| secret.0.as_str()), &clock).await
    });
    match AbortOnDropHandle::new(probing).await {
        Ok(outcome) if outcome.state == HealthState::Unhealthy => {
            verdict(outcome, NetworkState::now(), local)
        }
        Ok(outcome) => outcome,
        Err(error) => {
            tracing::error!(check = %check.name, %error, "attempt at a check failed by a fault in Binnacle");
            ProbeOutcome::unknown("the attempt failed by a fault in Binnacle".to_owned())
        }
    }
}

/// Creates a result of the time `now`.
pub(crate) fn result(check_id: &str, outcome: ProbeOutcome, attempts: u32, now: Timestamp) -> CheckResult {
    CheckResult {
        check_id: check_id.to_owned(),
        time: now,
        state: outcome.state,
        duration: outcome.duration,
        message: outcome.message,
        attempts,
        measurements: outcome.measurements,
    }
}

/// Returns whether the machine slept during an attempt between two wall-clock times. The limit of
/// an attempt uses a clock that stops during sleep on most systems.
fn slept(started: Timestamp, ended: Timestamp, timeout_seconds: u32) -> bool {
    let elapsed = Duration::from_nanos(ended.since(started).max(0).unsigned_abs());
    elapsed > Duration::from_secs(u64::from(timeout_seconds.max(1))) + SLEEP_ALLOWANCE
}

#[cfg(test)]
mod tests {
    use model::NANOS_PER_SECOND;

    use super::*;

    #[test]
    fn an_attempt_longer_than_its_timeout_slept() {
        let slept = |seconds: i64| slept(Timestamp(7), Timestamp(7 + seconds * NANOS_PER_SECOND), 10);
        assert!(!slept(10) && !slept(15) && slept(3600));
        assert!(!slept(-3600), "a clock that was set back is no sleep");
    }
}
