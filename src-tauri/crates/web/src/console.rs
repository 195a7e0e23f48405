//! The web front of an engine in this process, on the address of the settings.

use std::sync::Arc;

use api::{Backend, EngineBackend};
use engine::Engine;
use model::HealthState;
use runtime::HealthReporter;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{WebError, WebFront, new_token, serve};

/// Any free port, used while the configured one is not available.
const ANY_PORT: &str = "127.0.0.1:0";

/// The console of an engine, served until stopped.
#[derive(Debug)]
pub struct Console {
    link: String,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Console {
    /// Serves the console of `engine` on `address`, or on the address of its settings, and
    /// publishes it to other programs of this user.
    ///
    /// If the address is not available, a free port serves and the status has the reason. Without a
    /// given address, a change of the settings moves the console.
    pub async fn open(engine: &Engine, address: Option<&str>) -> Result<Self, WebError> {
        let backend: Arc<dyn Backend> = Arc::new(EngineBackend::new(engine.clone()));
        let token = engine.token(new_token)?;
        let configured = address.map_or_else(|| engine.settings().in_force().listen.web, str::to_owned);
        let front = open_front(engine, &backend, &configured, &token).await?;
        let link = front.link();
        let stop = CancellationToken::new();
        let task = if address.is_some() {
            let shutdown = stop.clone();
            tokio::spawn(async move {
                shutdown.cancelled().await;
                front.stop().await;
            })
        } else {
            tokio::spawn(follow(engine.clone(), backend, token, front, configured, stop.clone()))
        };
        Ok(Self { link, stop, task })
    }

    /// Returns the address to open in a browser at the start, with the token.
    pub fn link(&self) -> &str {
        &self.link
    }

    /// Stops serving. Ongoing requests have a short time to end.
    pub async fn stop(self) {
        self.stop.cancel();
        // The task ends once `stop` is cancelled. A panic in it was logged.
        let _ = self.task.await;
    }
}

/// Moves the front when the address of the settings changes.
async fn follow(
    engine: Engine,
    backend: Arc<dyn Backend>,
    token: String,
    mut front: WebFront,
    mut configured: String,
    stop: CancellationToken,
) {
    let mut settings = engine.settings().watch();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            changed = settings.changed() => if changed.is_err() { break },
        }
        let latest = settings.borrow_and_update().listen.web.clone();
        if latest == configured {
            continue;
        }
        configured = latest;
        match open_front(&engine, &backend, &configured, &token).await {
            Ok(moved) => {
                tracing::info!("console moved to {}", moved.address());
                std::mem::replace(&mut front, moved).stop().await;
            }
            Err(error) => tracing::error!("{error}; the console remains at {}", front.address()),
        }
    }
    front.stop().await;
}

async fn open_front(
    engine: &Engine,
    backend: &Arc<dyn Backend>,
    configured: &str,
    token: &str,
) -> Result<WebFront, WebError> {
    let reporter = HealthReporter::new("console");
    let address = if configured.is_empty() { ANY_PORT } else { configured };
    let front = match serve(backend.clone(), address, token).await {
        Ok(front) => {
            reporter.healthy();
            front
        }
        Err(error) => {
            let front = serve(backend.clone(), ANY_PORT, token).await?;
            let message = format!("{error}; it is served on {} instead", front.address());
            tracing::error!("{message}");
            reporter.report(HealthState::Degraded, message);
            front
        }
    };
    engine.receivers().register("web", front.address().trim_start_matches("http://"), reporter);
    engine.publish(&front.address(), token)?;
    Ok(front)
}
