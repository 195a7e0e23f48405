//! The service of all health checks: saving, running and the overview.

mod secrets;

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use model::{CheckOverview, CheckResult, HealthCheck, Incident, TimeRange};
use parking_lot::{Mutex, MutexGuard};
use rand::Rng;
use runtime::Clock;
use store::{Store, StoreError};
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use crate::{
    error::CheckError,
    fields::require,
    outcome::ProbeOutcome,
    overview,
    record::record_end,
    runner::{CheckContext, CheckRunner, attempt_once, result},
    scheduler::{first_delay, run_periodically},
    secrets::{Secret, SecretStore},
    state::{CheckState, Observed},
    validation::{normalise, validate},
};

/// The pause before the checks are loaded again after a failure.
const LOAD_RETRY: Duration = Duration::from_secs(5);

/// The service of all health checks. Clones share everything.
#[derive(Clone)]
pub struct CheckService {
    shared: Arc<Shared>,
}

struct Shared {
    context: Arc<CheckContext>,
    stop: CancellationToken,
    loaded: OnceCell<()>,
    /// Held while a check is saved or deleted, so that names stay unique.
    save_lock: tokio::sync::Mutex<()>,
    runners: Mutex<HashMap<String, Arc<CheckRunner>>>,
}

impl CheckService {
    /// Starts to run the checks saved in `store`, until `stop` is cancelled. Must be called inside
    /// a Tokio runtime. Returns at once and loads the checks in the background.
    pub fn start(store: Store, secrets: Arc<dyn SecretStore>, clock: Clock, stop: CancellationToken) -> Self {
        let context = Arc::new(CheckContext { store, secrets, clock, paused: AtomicBool::new(false) });
        let service = Self {
            shared: Arc::new(Shared {
                context,
                stop,
                loaded: OnceCell::new(),
                save_lock: tokio::sync::Mutex::default(),
                runners: Mutex::default(),
            }),
        };
        let loading = service.clone();
        tokio::spawn(async move {
            let stop = loading.shared.stop.clone();
            while let Err(error) = loading.load().await {
                tracing::warn!(%error, retry = ?LOAD_RETRY, "health checks not loaded; trying again");
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = loading.clock().sleep(LOAD_RETRY) => {}
                }
            }
        });
        service
    }

    /// Saves a check and restarts its schedule. Other checks go on undisturbed. An empty id makes a
    /// new check. `secret` none keeps the stored secret, empty text deletes it. A password in a web
    /// address is moved out of the address and stored as the secret. Errors:
    /// [`CheckError::Invalid`] with the field to correct, a stored secret that belongs to another
    /// server or user, or a failure of the store or of the secret store.
    pub async fn save(&self, check: HealthCheck, secret: Option<String>) -> Result<HealthCheck, CheckError> {
        self.load().await?;
        let _saving = self.shared.save_lock.lock().await;
        let normalised = normalise(check)?;
        let mut check = normalised.check;
        let given = secret.or(normalised.secret);
        let runners: Vec<_> = self.runners().values().cloned().collect();
        let other_names: Vec<&str> = runners
            .iter()
            .filter(|runner| runner.check.id != check.id)
            .map(|runner| runner.check.name.as_str())
            .collect();
        validate(&check, &other_names)?;
        // The tokens of Sentry installations are secrets with such ids.
        require(!check.id.starts_with("sentry/"), || {
            "the id of a check does not start with \"sentry/\"".to_owned()
        })?;
        let former = self.runners().get(&check.id).cloned();
        let secret = match given {
            Some(secret) => Some(secret),
            None => self.kept_secret(&check.id, former.as_ref(), &normalised.kind).await?,
        };
        if check.id.is_empty() {
            check.id = format!("{:032x}", rand::rng().random::<u128>());
        }
        let mut previous = None;
        if let Some(secret) = &secret {
            previous = self.read_secret(&check.id).await?;
            self.store_secret(&check.id, secret.clone()).await?;
        }
        if let Err(error) = self.store().history().put_check(check.clone()).await {
            if secret.is_some() {
                let previous = previous.map_or_else(String::new, |secret| secret.0);
                self.store_secret(&check.id, previous).await?;
            }
            return Err(error.into());
        }
        let state = match former {
            None => Arc::new(CheckState::default()),
            Some(former) => {
                former.stop.cancel();
                if former.check.enabled && !check.enabled {
                    self.end_observation(&former).await;
                }
                former.state.clone()
            }
        };
        if let Some(secret) = secret {
            *state.secret.lock().await = Some(Some(Secret(secret)).filter(|secret| !secret.0.is_empty()));
        }
        self.start_runner(check.clone(), state, Duration::ZERO);
        Ok(check)
    }

    /// Stops a check and deletes it with its history and its secret.
    pub async fn delete(&self, id: &str) -> Result<(), CheckError> {
        self.load().await?;
        let _saving = self.shared.save_lock.lock().await;
        let runner = self.runner(id)?;
        runner.stop.cancel();
        // A result that is being recorded is committed first, or it would outlive the check.
        let running = runner.state.run_lock.lock().await;
        if let Err(error) = self.store().history().delete_check(id).await {
            drop(running);
            self.start_runner(runner.check.clone(), runner.state.clone(), Duration::ZERO);
            return Err(error.into());
        }
        self.runners().remove(id);
        self.store_secret(id, String::new()).await?;
        Ok(())
    }

    /// Runs a check now, enabled or not, and returns the recorded result. Retries come after a
    /// second at most, because the caller waits.
    pub async fn run_now(&self, id: &str) -> Result<CheckResult, CheckError> {
        self.load().await?;
        let runner = self.runner(id)?;
        let _waiting = runner.state.wait_for_result();
        runner.run().await
    }

    /// Makes one attempt at a check that need not be saved. Records nothing. Without a `secret` the
    /// one stored under the check's id is used, if it belongs to the same server and user. An
    /// invalid check is unknown, with the reason.
    pub async fn try_check(&self, check: HealthCheck, secret: Option<String>) -> CheckResult {
        let id = check.id.clone();
        let outcome = match self.attempt(check, secret).await {
            Ok(outcome) => outcome,
            Err(error) => ProbeOutcome::unknown(error.to_string()),
        };
        result(&id, outcome, 1, self.clock().now())
    }

    async fn attempt(&self, check: HealthCheck, secret: Option<String>) -> Result<ProbeOutcome, CheckError> {
        let normalised = normalise(check)?;
        validate(&normalised.check, &[])?;
        let secret = match secret.or(normalised.secret) {
            Some(secret) => Some(Secret(secret)),
            None => self.stored_secret(&normalised.check.id, &normalised.kind).await?,
        };
        Ok(attempt_once(&normalised.check, &normalised.kind, secret, self.clock()).await)
    }

    /// Returns every check by name, with its state, and its timeline of `buckets` buckets and
    /// statistics over `range`.
    pub async fn overview(&self, range: TimeRange, buckets: u32) -> Result<Vec<CheckOverview>, CheckError> {
        self.load().await?;
        let runners: Vec<_> = self.runners().values().cloned().collect();
        overview::of(self.store(), runners, range, buckets).await
    }

    /// Skips scheduled runs while `paused`. Requested runs are still made.
    pub fn pause(&self, paused: bool) {
        self.shared.context.paused.store(paused, Ordering::Relaxed);
    }

    async fn load(&self) -> Result<(), StoreError> {
        self.shared
            .loaded
            .get_or_try_init(|| async {
                let checks = self.store().history().checks().await?;
                let mut open: HashMap<String, Incident> = HashMap::new();
                for incident in self.store().history().open_incidents().await? {
                    open.insert(incident.check_id.clone(), incident);
                }
                let latest = self.store().history().latest_check_results().await?;
                let mut latest: HashMap<String, CheckResult> =
                    latest.into_iter().map(|result| (result.check_id.clone(), result)).collect();
                for check in checks {
                    let observed = Observed {
                        latest: latest.remove(&check.id),
                        open_incident: open.remove(&check.id),
                        since: None,
                    };
                    let delay = first_delay(&check, rand::rng().random());
                    self.start_runner(check, Arc::new(CheckState::new(observed)), delay);
                }
                Ok(())
            })
            .await
            .copied()
    }

    fn start_runner(&self, check: HealthCheck, state: Arc<CheckState>, delay: Duration) {
        let (id, enabled) = (check.id.clone(), check.enabled);
        let runner =
            CheckRunner::new(check, state, self.shared.stop.child_token(), self.shared.context.clone());
        if enabled {
            tokio::spawn(run_periodically(runner.clone(), delay));
        }
        self.runners().insert(id, runner);
    }

    /// Records that a check runs no longer: its state is unknown and its incident ends.
    async fn end_observation(&self, runner: &CheckRunner) {
        let _running = runner.state.run_lock.lock().await;
        let outcome = ProbeOutcome::unknown("the check was disabled".to_owned());
        let unobserved = result(&runner.check.id, outcome, 1, self.clock().now());
        if let Err(error) =
            record_end(self.store(), self.clock(), &runner.check, &runner.state, unobserved).await
        {
            tracing::warn!(check = %runner.check.name, %error, "end of a disabled check dropped: store failed");
        }
    }

    fn runner(&self, id: &str) -> Result<Arc<CheckRunner>, CheckError> {
        self.runners().get(id).cloned().ok_or_else(|| CheckError::NotFound(id.to_owned()))
    }

    fn runners(&self) -> MutexGuard<'_, HashMap<String, Arc<CheckRunner>>> {
        self.shared.runners.lock()
    }

    fn clock(&self) -> &Clock {
        &self.shared.context.clock
    }

    fn store(&self) -> &Store {
        &self.shared.context.store
    }
}
