//! The front of an engine in this process: on the address of the settings, following them.

use std::sync::Arc;

use api::{Backend, EngineBackend};
use engine::Engine;
use model::{HealthState, PartReporter};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{WebError, WebFront, new_token, serve};

/// Any free port, for when the usual one cannot be had.
const ANY_PORT: &str = "127.0.0.1:0";

/// The console of an engine, served until it is stopped.
#[derive(Debug)]
pub struct Console {
    link: String,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Console {
    /// Serves the console of `engine` on `address`, or on the address of its settings, and tells other
    /// programs of this user where it is. If the address cannot be had, a free port serves meanwhile and the
    /// console says so. Without a given address, a change of the settings moves the console.
    pub async fn open(engine: &Engine, address: Option<&str>) -> Result<Self, WebError> {
        let backend: Arc<dyn Backend> = Arc::new(EngineBackend::new(engine.clone()));
        let token = engine.token(new_token)?;
        let wanted = address.map_or_else(|| engine.settings().in_force().listen.web, str::to_owned);
        let front = open_front(engine, &backend, &wanted, &token).await?;
        let link = front.link();
        let stop = CancellationToken::new();
        let task = if address.is_some() {
            let stopped = stop.clone();
            tokio::spawn(async move {
                stopped.cancelled().await;
                front.stop().await;
            })
        } else {
            tokio::spawn(follow(engine.clone(), backend, token, front, wanted, stop.clone()))
        };
        Ok(Self { link, stop, task })
    }

    /// The address a person opens, with the token, as it was at the start.
    pub fn link(&self) -> &str {
        &self.link
    }

    /// Stops serving; requests under way get a short while to end.
    pub async fn stop(self) {
        self.stop.cancel();
        // The task ends by itself once told to.
        let _ = self.task.await;
    }
}

/// Moves the front when the settings name another address.
async fn follow(
    engine: Engine,
    backend: Arc<dyn Backend>,
    token: String,
    mut front: WebFront,
    mut wanted: String,
    stop: CancellationToken,
) {
    let mut settings = engine.settings().watch();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            changed = settings.changed() => if changed.is_err() { break },
        }
        let latest = settings.borrow_and_update().listen.web.clone();
        if latest == wanted {
            continue;
        }
        wanted = latest;
        match open_front(&engine, &backend, &wanted, &token).await {
            Ok(moved) => {
                tracing::info!("the console moved to {}", moved.address());
                std::mem::replace(&mut front, moved).stop().await;
            }
            Err(error) => tracing::error!("{error}; the console stays where it is"),
        }
    }
    front.stop().await;
}

async fn open_front(
    engine: &Engine,
    backend: &Arc<dyn Backend>,
    wanted: &str,
    token: &str,
) -> Result<WebFront, WebError> {
    let reporter = PartReporter::new("console");
    let address = if wanted.is_empty() { ANY_PORT } else { wanted };
    let front = match serve(backend.clone(), address, token).await {
        Ok(front) => {
            reporter.healthy();
            front
        }
        Err(error) => {
            let front = serve(backend.clone(), ANY_PORT, token).await?;
            let message = format!("{error}; it is on {} until then", front.address());
            tracing::error!("{message}");
            reporter.report(HealthState::Degraded, message);
            front
        }
    };
    engine.receivers().register("web", front.address().trim_start_matches("http://"), reporter);
    engine.publish(&front.address(), token)?;
    Ok(front)
}
