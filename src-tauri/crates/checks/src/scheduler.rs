//! All checks: what is saved, what runs, and what people ask for.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use model::{CheckOverview, CheckResult, HealthCheck, Incident, TimeRange};
use rand::Rng;
use store::{Store, StoreError};
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use crate::{
    CheckError, SecretError, SecretStore,
    check_task::{CheckTask, Surroundings, attempt_once, result, unknown},
    memory::{Known, Memory},
    overview,
    recording::record_end,
    secrets::Secret,
    validation::{normalise, validate},
};

/// First looks are spread over this much time, or over the interval if that is shorter.
const LONGEST_FIRST_DELAY: Duration = Duration::from_secs(10);

/// The pause before a store that failed at the start is asked again.
const LOAD_RETRY: Duration = Duration::from_secs(5);

/// Runs the enabled checks and answers for all of them. Clones share everything.
#[derive(Clone)]
pub struct CheckScheduler {
    shared: Arc<Shared>,
}

struct Shared {
    surroundings: Arc<Surroundings>,
    stop: CancellationToken,
    loaded: OnceCell<()>,
    /// Held while a check is saved or deleted, so that names stay unique.
    saving: tokio::sync::Mutex<()>,
    tasks: Mutex<HashMap<String, Arc<CheckTask>>>,
}

impl CheckScheduler {
    /// Starts looking at the checks kept in `store`, until `stop` is cancelled. Must be called inside a
    /// Tokio runtime; returns at once and loads the checks behind the caller's back.
    pub fn start(store: Store, secrets: Arc<dyn SecretStore>, stop: CancellationToken) -> Self {
        let surroundings = Arc::new(Surroundings { store, secrets, paused: AtomicBool::new(false) });
        let scheduler = Self {
            shared: Arc::new(Shared {
                surroundings,
                stop,
                loaded: OnceCell::new(),
                saving: tokio::sync::Mutex::default(),
                tasks: Mutex::default(),
            }),
        };
        let loading = scheduler.clone();
        tokio::spawn(async move {
            let stop = loading.shared.stop.clone();
            while let Err(error) = loading.load().await {
                tracing::warn!(%error, "the checks could not be loaded");
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(LOAD_RETRY) => {}
                }
            }
        });
        scheduler
    }

    /// Saves a check and starts it anew; other checks go on undisturbed. An empty id makes a new check.
    /// `secret` none leaves the kept secret as it is, empty text forgets it. A password in a web address
    /// is moved out of the address and kept as the secret. Errors: [`CheckError::Invalid`] with what to
    /// correct, or that the check or its secret could not be kept.
    pub async fn save(&self, check: HealthCheck, secret: Option<String>) -> Result<HealthCheck, CheckError> {
        self.load().await?;
        let _saving = self.shared.saving.lock().await;
        let (mut check, password) = normalise(check);
        let secret = secret.or(password);
        let tasks: Vec<_> = self.tasks().values().cloned().collect();
        let other_names: Vec<&str> = tasks
            .iter()
            .filter(|task| task.check.id != check.id)
            .map(|task| task.check.name.as_str())
            .collect();
        validate(&check, &other_names)?;
        if check.id.is_empty() {
            check.id = format!("{:032x}", rand::rng().random::<u128>());
        }
        let former = self.tasks().get(&check.id).cloned();
        if let Some(secret) = &secret {
            self.keep_secret(&check.id, secret.clone()).await?;
        }
        if let Err(error) = self.store().put_check(check.clone()).await {
            if secret.is_some() && former.is_none() {
                self.keep_secret(&check.id, String::new()).await?;
            }
            return Err(error.into());
        }
        let memory = match former {
            None => Arc::new(Memory::default()),
            Some(former) => {
                former.stop.cancel();
                if former.check.enabled && !check.enabled {
                    self.end_observation(&former).await;
                }
                former.memory.clone()
            }
        };
        if let Some(secret) = secret {
            *memory.secret.lock().await = Some(Some(Secret(secret)).filter(|secret| !secret.0.is_empty()));
        }
        self.start_task(check.clone(), memory, Duration::ZERO);
        Ok(check)
    }

    /// Stops and forgets a check, its history and its secret.
    pub async fn delete(&self, id: &str) -> Result<(), CheckError> {
        self.load().await?;
        let _saving = self.shared.saving.lock().await;
        let task = self.task(id)?;
        task.stop.cancel();
        // A look that is just being recorded ends first, or its result would outlive the check.
        let looking = task.memory.looking.lock().await;
        if let Err(error) = self.store().delete_check(id).await {
            drop(looking);
            self.start_task(task.check.clone(), task.memory.clone(), Duration::ZERO);
            return Err(error.into());
        }
        self.tasks().remove(id);
        self.keep_secret(id, String::new()).await?;
        Ok(())
    }

    /// Looks at a check now, whether or not it is enabled, and gives the recorded result. Retries come
    /// after a second at most, because somebody waits.
    pub async fn run_now(&self, id: &str) -> Result<CheckResult, CheckError> {
        self.load().await?;
        let task = self.task(id)?;
        let _waiting = task.memory.wait_for_result();
        task.look().await
    }

    /// Makes one attempt at a check that need not be saved and records nothing. Without a `secret` the one
    /// kept under the check's id is used. A check that could not be saved is unknown, with the reason.
    pub async fn try_check(&self, check: HealthCheck, secret: Option<String>) -> CheckResult {
        let (check, password) = normalise(check);
        let outcome = match (validate(&check, &[]), secret.or(password)) {
            (Err(error), _) => unknown(error.to_string()),
            (Ok(()), Some(secret)) => attempt_once(&check, Some(Secret(secret))).await,
            (Ok(()), None) => match self.kept_secret(&check.id).await {
                Ok(secret) => attempt_once(&check, secret).await,
                Err(error) => unknown(error.to_string()),
            },
        };
        result(&check.id, outcome, 1)
    }

    /// Every check by name, with its state, and its timeline of `cells` cells and figures over `range`.
    pub async fn overview(&self, range: TimeRange, cells: u32) -> Result<Vec<CheckOverview>, CheckError> {
        self.load().await?;
        let tasks: Vec<_> = self.tasks().values().cloned().collect();
        overview::of(self.store(), tasks, range, cells).await
    }

    /// Leaves out scheduled looks while `paused`; asked-for ones are still made.
    pub fn pause(&self, paused: bool) {
        self.shared.surroundings.paused.store(paused, Ordering::Relaxed);
    }

    async fn load(&self) -> Result<(), StoreError> {
        self.shared
            .loaded
            .get_or_try_init(|| async {
                let checks = self.store().checks().await?;
                let mut open: HashMap<String, Incident> = HashMap::new();
                for incident in self.store().open_incidents().await? {
                    open.insert(incident.check_id.clone(), incident);
                }
                let latest = self.store().latest_check_results().await?;
                let mut latest: HashMap<String, CheckResult> =
                    latest.into_iter().map(|result| (result.check_id.clone(), result)).collect();
                for check in checks {
                    let known =
                        Known { latest: latest.remove(&check.id), open: open.remove(&check.id), since: None };
                    let delay = first_delay(&check, rand::rng().random());
                    self.start_task(check, Arc::new(Memory::new(known)), delay);
                }
                Ok(())
            })
            .await
            .copied()
    }

    fn start_task(&self, check: HealthCheck, memory: Arc<Memory>, delay: Duration) {
        let (id, enabled) = (check.id.clone(), check.enabled);
        let task =
            CheckTask::new(check, memory, self.shared.stop.child_token(), self.shared.surroundings.clone());
        if enabled {
            tokio::spawn(task.clone().run(delay));
        }
        self.tasks().insert(id, task);
    }

    /// A check that is not looked at any longer is unknown, and its incident is over as far as anyone knows.
    async fn end_observation(&self, task: &CheckTask) {
        let _looking = task.memory.looking.lock().await;
        let unobserved = result(&task.check.id, unknown("the check was disabled".to_owned()), 1);
        if let Err(error) = record_end(self.store(), &task.check, &task.memory, unobserved).await {
            tracing::warn!(check = %task.check.name, %error, "the end of a check was not kept");
        }
    }

    async fn kept_secret(&self, id: &str) -> Result<Option<Secret>, CheckError> {
        let task = self.tasks().get(id).cloned();
        match task {
            Some(task) => Ok(task.secret().await?),
            None => Ok(None),
        }
    }

    /// Keeps a secret, or forgets it if it is empty, on a thread that may block.
    async fn keep_secret(&self, id: &str, secret: String) -> Result<(), SecretError> {
        let (secrets, id) = (self.shared.surroundings.secrets.clone(), id.to_owned());
        tokio::task::spawn_blocking(move || {
            if secret.is_empty() { secrets.delete(&id) } else { secrets.set(&id, &secret) }
        })
        .await
        .unwrap_or_else(|error| Err(SecretError::Keyring(error.to_string())))
    }

    fn task(&self, id: &str) -> Result<Arc<CheckTask>, CheckError> {
        self.tasks().get(id).cloned().ok_or_else(|| CheckError::NotFound(id.to_owned()))
    }

    fn tasks(&self) -> MutexGuard<'_, HashMap<String, Arc<CheckTask>>> {
        self.shared.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn store(&self) -> &Store {
        &self.shared.surroundings.store
    }
}

/// When to look first: `fraction` (0 to 1) of the time over which first looks are spread.
fn first_delay(check: &HealthCheck, fraction: f64) -> Duration {
    let interval = Duration::from_secs(u64::from(check.interval_seconds));
    interval.min(LONGEST_FIRST_DELAY).mul_f64(fraction.clamp(0.0, 1.0))
}
