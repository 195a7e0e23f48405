//! Where the window's data come from: an engine of our own, or one that already runs on the data folder.

use std::{sync::Arc, time::Duration};

use api::{ApiError, Backend, EngineBackend, ErrorCode};
use engine::{Engine, EngineError, Log};
use tokio::sync::{Mutex, watch};
use web::Console;

use crate::{arguments::Arguments, attached::Attached};

/// How long an engine that is just starting may take to say where it is.
const PATIENCE: Duration = Duration::from_secs(10);

/// A source on its way: the window is made while the store opens, and its first questions wait for the answer.
#[derive(Clone)]
pub(crate) struct Opening {
    source: watch::Receiver<Option<Arc<Source>>>,
}

impl Opening {
    /// The place for a source, and the sender that puts it there.
    pub(crate) fn new() -> (watch::Sender<Option<Arc<Source>>>, Self) {
        let (sender, source) = watch::channel(None);
        (sender, Self { source })
    }

    /// The source, if it is there.
    pub(crate) fn source(&self) -> Option<Arc<Source>> {
        self.source.borrow().clone()
    }

    /// Whether there will never be one.
    pub(crate) fn failed(&self) -> bool {
        self.source.has_changed().is_err() && self.source().is_none()
    }

    /// Waits for the source.
    pub(crate) async fn backend(&self) -> Result<Arc<dyn Backend>, ApiError> {
        let failed = || ApiError::new(ErrorCode::Unavailable, "the engine did not start");
        let mut source = self.source.clone();
        let source = source.wait_for(Option::is_some).await.map_err(|_| failed())?;
        source.as_ref().map(|source| source.backend()).ok_or_else(failed)
    }
}

/// Where the window's data come from.
pub(crate) struct Source {
    backend: Arc<dyn Backend>,
    own: Option<Own>,
}

struct Own {
    engine: Engine,
    console: Mutex<Option<Console>>,
}

impl Source {
    /// Starts an engine, or attaches to the one that has the data folder.
    pub(crate) async fn open(arguments: &Arguments, log: Log) -> anyhow::Result<Self> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            match Engine::start(arguments.engine_options()).await {
                Ok(engine) => {
                    log.follow(engine.settings());
                    return Self::own(engine, arguments).await;
                }
                Err(EngineError::AlreadyRunning { running: Some(running), folder }) => {
                    tracing::info!(address = %running.address, "attached to a running engine");
                    return Ok(Self { backend: Arc::new(Attached::new(folder, running)?), own: None });
                }
                Err(EngineError::AlreadyRunning { .. }) if tokio::time::Instant::now() < deadline => {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn own(engine: Engine, arguments: &Arguments) -> anyhow::Result<Self> {
        let backend: Arc<dyn Backend> = Arc::new(EngineBackend::new(engine.clone()));
        let console = Console::open(&engine, arguments.http()).await?;
        Ok(Self { backend, own: Some(Own { engine, console: Mutex::new(Some(console)) }) })
    }

    pub(crate) fn backend(&self) -> Arc<dyn Backend> {
        self.backend.clone()
    }

    /// The engine, if it is ours.
    pub(crate) fn engine(&self) -> Option<&Engine> {
        self.own.as_ref().map(|own| &own.engine)
    }

    /// Stops the engine if it is ours.
    pub(crate) async fn close(&self) {
        if let Some(own) = &self.own {
            if let Some(console) = own.console.lock().await.take() {
                console.stop().await;
            }
            own.engine.stop().await;
        }
    }
}
