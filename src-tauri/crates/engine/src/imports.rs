//! Imports of files, run beside everything else: started, looked at and stopped.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use collect::ImportError;
use model::{ImportProgress, ImportRequest, ImportState, ImportStatus};
use tokio_util::sync::CancellationToken;

use crate::{Engine, EngineError, now, stage::Stage};

/// Imports that may run at the same time.
const AT_ONCE: usize = 4;
/// Imports that are remembered, ended ones included.
const REMEMBERED: usize = 100;

/// The imports of this run of the engine, the latest last.
#[derive(Debug, Default)]
pub(crate) struct Imports {
    entries: Mutex<Vec<Entry>>,
}

#[derive(Debug, Clone)]
struct Entry {
    status: Arc<Mutex<ImportStatus>>,
    stop: CancellationToken,
}

impl Entry {
    fn status(&self) -> ImportStatus {
        self.status.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change(&self, change: impl FnOnce(&mut ImportStatus)) {
        change(&mut self.status.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Imports {
    fn all(&self) -> Vec<Entry> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Adds an import unless too many run.
    fn add(&self, request: ImportRequest, stop: CancellationToken) -> Result<Entry, EngineError> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let running = entries.iter().filter(|entry| entry.status().state == ImportState::Running).count();
        if running >= AT_ONCE {
            return Err(EngineError::Refused(format!("{running} imports are running; wait for one to end")));
        }
        let started = now();
        let status = ImportStatus {
            id: format!("{:x}-{}", started.0, entries.len()),
            request,
            started,
            state: ImportState::Running,
            progress: ImportProgress::default(),
            error: String::new(),
        };
        let entry = Entry { status: Arc::new(Mutex::new(status)), stop };
        entries.push(entry.clone());
        if entries.len() > REMEMBERED
            && let Some(oldest) =
                entries.iter().position(|entry| entry.status().state != ImportState::Running)
        {
            entries.remove(oldest);
        }
        Ok(entry)
    }
}

impl Engine {
    /// Starts to import a file; how it goes is told by [`Self::imports`].
    pub fn start_import(&self, request: ImportRequest) -> Result<ImportStatus, EngineError> {
        if !Path::new(&request.path).is_absolute() {
            return Err(EngineError::Refused(format!("{:?} is not an absolute path", request.path)));
        }
        let stage: &Stage = self.intake_stage();
        let entry = self.inner.imports.add(request.clone(), stage.token())?;
        let (store, in_task) = (self.inner.store.through("import"), entry.clone());
        stage.spawn(async move {
            let report =
                |progress: &ImportProgress| in_task.change(|status| status.progress = progress.clone());
            let outcome = collect::import_file(&request, &store, now(), report, &in_task.stop).await;
            in_task.change(|status| match outcome {
                Ok(progress) => {
                    status.progress = progress;
                    status.state = ImportState::Done;
                }
                Err(ImportError::Stopped) => status.state = ImportState::Stopped,
                Err(error) => {
                    status.state = ImportState::Failed;
                    status.error = error.to_string();
                }
            });
        });
        Ok(entry.status())
    }

    /// The imports since the engine started, the latest last.
    pub fn imports(&self) -> Vec<ImportStatus> {
        self.inner.imports.all().iter().map(Entry::status).collect()
    }

    /// Stops an import; what it committed stays. Whether there is such an import.
    pub fn stop_import(&self, id: &str) -> bool {
        let entry = self.inner.imports.all().into_iter().find(|entry| entry.status().id == id);
        entry.inspect(|entry| entry.stop.cancel()).is_some()
    }
}
