//! Imports of files, run in the background: started, listed and stopped.

use std::{path::Path, sync::Arc};

use collect::ImportError;
use model::{ImportProgress, ImportRequest, ImportState, ImportStatus};
use parking_lot::Mutex;
use runtime::Clock;
use store::Store;
use tokio_util::sync::CancellationToken;

use super::{Uploads, uploads::UploadedFile};
use crate::{EngineError, stage::Stage};

/// Maximum number of imports that run at the same time.
const MAX_RUNNING: usize = 4;
/// Maximum number of imports listed, finished ones included.
const MAX_LISTED: usize = 100;

/// The imports since the engine started, the latest last. Clones share the list.
#[derive(Debug, Clone)]
pub struct Imports {
    store: Store,
    clock: Clock,
    stage: Stage,
    entries: Arc<Mutex<Vec<Entry>>>,
}

#[derive(Debug, Clone)]
struct Entry {
    status: Arc<Mutex<ImportStatus>>,
    stop: CancellationToken,
}

impl Entry {
    fn status(&self) -> ImportStatus {
        self.status.lock().clone()
    }

    fn update(&self, update: impl FnOnce(&mut ImportStatus)) {
        update(&mut self.status.lock());
    }
}

impl Imports {
    pub(crate) fn new(store: Store, clock: Clock, stage: Stage) -> Self {
        Self { clock, store: store.with_source("import"), stage, entries: Arc::default() }
    }

    /// Starts to import a file. [`Self::list`] has the progress.
    ///
    /// Fails if the path is not absolute or too many imports run.
    pub fn start(&self, request: ImportRequest) -> Result<ImportStatus, EngineError> {
        if !Path::new(&request.path).is_absolute() {
            return Err(EngineError::ImportPath { path: request.path });
        }
        let entry = self.add(request.clone(), self.stage.token())?;
        self.run(entry.clone(), request, None);
        Ok(entry.status())
    }

    /// Starts to import an uploaded file, which is deleted at the end. The status has its name.
    ///
    /// Fails if the upload is not complete or too many imports run.
    pub fn start_uploaded(
        &self,
        uploads: &Uploads,
        id: &str,
        service: Option<String>,
        dry_run: bool,
    ) -> Result<ImportStatus, EngineError> {
        let (upload, file) = uploads.finish(id)?;
        let shown = ImportRequest { path: upload.name, service, dry_run };
        let path = file.path().to_string_lossy().into_owned();
        let entry = self.add(shown.clone(), self.stage.token())?;
        self.run(entry.clone(), ImportRequest { path, ..shown }, Some(file));
        Ok(entry.status())
    }

    /// Runs an import. `uploaded` is its file if that was uploaded.
    fn run(&self, entry: Entry, request: ImportRequest, uploaded: Option<UploadedFile>) {
        let (store, clock) = (self.store.clone(), self.clock.clone());
        self.stage.spawn(async move {
            let report =
                |progress: &ImportProgress| entry.update(|status| status.progress = progress.clone());
            let outcome = collect::import_file(&request, &store, &clock, report, &entry.stop).await;
            // The reader of the file has ended, or ends without the name of the file.
            drop(uploaded);
            entry.update(|status| match outcome {
                Ok(progress) => {
                    status.progress = progress;
                    status.state = ImportState::Done;
                }
                Err(ImportError::Stopped) => status.state = ImportState::Stopped,
                Err(error) => {
                    status.state = ImportState::Failed;
                    status.error = match error {
                        ImportError::File { reason, .. } => format!("{}: {reason}", status.request.path),
                        other => other.to_string(),
                    };
                }
            });
        });
    }

    /// Returns the imports, the latest last.
    pub fn list(&self) -> Vec<ImportStatus> {
        self.all().iter().map(Entry::status).collect()
    }

    /// Stops an import. The records it has committed are retained. Returns false if there is no
    /// such import.
    pub fn stop(&self, id: &str) -> bool {
        let entry = self.all().into_iter().find(|entry| entry.status().id == id);
        entry.inspect(|entry| entry.stop.cancel()).is_some()
    }

    fn all(&self) -> Vec<Entry> {
        self.entries.lock().clone()
    }

    /// Adds an import unless too many run.
    fn add(&self, request: ImportRequest, stop: CancellationToken) -> Result<Entry, EngineError> {
        let mut entries = self.entries.lock();
        let is_running = |entry: &Entry| entry.status().state == ImportState::Running;
        let running = entries.iter().filter(|entry| is_running(entry)).count();
        if running >= MAX_RUNNING {
            return Err(EngineError::TooManyImports { running });
        }
        let started = self.clock.now();
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
        if entries.len() > MAX_LISTED
            && let Some(oldest) = entries.iter().position(|entry| !is_running(entry))
        {
            entries.remove(oldest);
        }
        Ok(entry)
    }
}
