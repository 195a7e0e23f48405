//! Where the window's data come from: an engine of our own, or one that already runs on the data folder.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use api::{Backend, EngineBackend};
use engine::{Engine, EngineError};
use model::PartReporter;
use tokio::sync::Mutex;
use web::{RemoteBackend, WebFront};

use crate::arguments::Arguments;

/// How long an engine that is just starting may take to say where it is.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where the window's data come from.
pub(crate) struct Source {
    backend: Arc<dyn Backend>,
    own: Option<Own>,
}

struct Own {
    engine: Engine,
    front: Mutex<Option<WebFront>>,
}

impl Source {
    /// Starts an engine, or attaches to the one that has the data folder.
    pub(crate) async fn open(arguments: &Arguments) -> anyhow::Result<Self> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            match Engine::start(arguments.engine_options()).await {
                Ok(engine) => return Self::own(engine, arguments).await,
                Err(EngineError::AlreadyRunning { running: Some(running), .. }) => {
                    tracing::info!(address = %running.address, "attached to a running engine");
                    let backend = RemoteBackend::new(&running.address, &running.token)?;
                    return Ok(Self { backend: Arc::new(backend), own: None });
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
        let wanted = arguments.http().map_or_else(|| engine.settings().in_force().listen.web, str::to_owned);
        let address = if wanted.is_empty() { "127.0.0.1:0" } else { &wanted };
        let token = web::new_token();
        let front = match web::serve(backend.clone(), address, &token).await {
            Ok(front) => front,
            Err(error) => {
                tracing::error!("{error}; a free port is taken instead");
                web::serve(backend.clone(), "127.0.0.1:0", &token).await?
            }
        };
        let reporter = PartReporter::new("console");
        reporter.healthy();
        engine.intake().register("web", front.address().trim_start_matches("http://"), reporter);
        engine.publish(&front.address(), &token).context("cannot say where the engine is")?;
        Ok(Self { backend, own: Some(Own { engine, front: Mutex::new(Some(front)) }) })
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
            if let Some(front) = own.front.lock().await.take() {
                front.stop().await;
            }
            own.engine.stop().await;
        }
    }
}
