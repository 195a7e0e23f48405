//! The source of the window's data: an engine in this process, or one that already has the data
//! folder.

use std::{sync::Arc, time::Duration};

use api::{ApiError, Backend, EngineBackend, ErrorCode};
use engine::{Engine, EngineError, Log};
use tokio::sync::{Mutex, watch};
use web::Console;

use crate::{arguments::Arguments, attached::Attached};

/// Time a starting engine has to publish its address.
const ATTACH_TIMEOUT: Duration = Duration::from_secs(10);
/// Time between two attempts to start or to attach.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// A source that opens. The window is created meanwhile, and its first requests wait for the
/// source.
#[derive(Clone)]
pub(crate) struct Opening {
    source: watch::Receiver<Option<Arc<Source>>>,
}

impl Opening {
    /// Returns an opening and the sender of its source.
    pub(crate) fn new() -> (watch::Sender<Option<Arc<Source>>>, Self) {
        let (sender, source) = watch::channel(None);
        (sender, Self { source })
    }

    /// Returns the source once it is open.
    pub(crate) fn source(&self) -> Option<Arc<Source>> {
        self.source.borrow().clone()
    }

    /// Returns true if opening failed.
    pub(crate) fn failed(&self) -> bool {
        self.source.has_changed().is_err() && self.source().is_none()
    }

    /// Waits until the source is open and returns its backend.
    pub(crate) async fn backend(&self) -> Result<Arc<dyn Backend>, ApiError> {
        let failed = || ApiError::new(ErrorCode::Unavailable, "the engine did not start");
        let mut source = self.source.clone();
        let source = source.wait_for(Option::is_some).await.map_err(|_| failed())?;
        source.as_ref().map(|source| source.backend()).ok_or_else(failed)
    }
}

/// The source of the window's data.
pub(crate) struct Source {
    backend: Arc<dyn Backend>,
    local: Option<LocalEngine>,
}

/// An engine in this process, with its console.
struct LocalEngine {
    engine: Engine,
    console: Mutex<Option<Console>>,
}

impl Source {
    /// Starts an engine, or attaches to the one that has the data folder.
    pub(crate) async fn open(arguments: &Arguments, log: Log) -> anyhow::Result<Self> {
        let clock = arguments.engine_options().clock;
        let deadline = clock.instant() + ATTACH_TIMEOUT;
        loop {
            match Engine::start(arguments.engine_options()).await {
                Ok(engine) => {
                    log.follow(engine.settings());
                    return Self::local(engine, arguments).await;
                }
                Err(EngineError::AlreadyRunning { running: Some(running), folder }) => {
                    tracing::info!(address = %running.address, "attached to a running engine");
                    return Ok(Self { backend: Arc::new(Attached::new(folder, running)), local: None });
                }
                Err(EngineError::AlreadyRunning { .. }) if clock.instant() < deadline => {
                    clock.sleep(POLL_INTERVAL).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn local(engine: Engine, arguments: &Arguments) -> anyhow::Result<Self> {
        let backend: Arc<dyn Backend> = Arc::new(EngineBackend::new(engine.clone()));
        let console = Console::open(&engine, arguments.http()).await?;
        Ok(Self { backend, local: Some(LocalEngine { engine, console: Mutex::new(Some(console)) }) })
    }

    /// Returns the backend.
    pub(crate) fn backend(&self) -> Arc<dyn Backend> {
        self.backend.clone()
    }

    /// Returns the engine, if it runs in this process.
    pub(crate) fn engine(&self) -> Option<&Engine> {
        self.local.as_ref().map(|local| &local.engine)
    }

    /// Stops the engine, if it runs in this process.
    pub(crate) async fn close(&self) {
        if let Some(local) = &self.local {
            if let Some(console) = local.console.lock().await.take() {
                console.stop().await;
            }
            local.engine.stop().await;
        }
    }
}
