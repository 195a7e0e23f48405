//! The console of an engine in this process: the page on the address of the settings, and the
//! socket for the window and the command line.

use std::sync::Arc;

use api::{Backend, EngineBackend, RestrictedBackend};
use engine::{Engine, Protocol};
use model::HealthState;
use runtime::HealthReporter;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{
    WebError,
    links::Links,
    local::LocalServer,
    server::{WebFront, serve},
    session::{Backends, Sessions},
};

/// Any free port, used while the configured one is not available.
const ANY_PORT: &str = "127.0.0.1:0";
/// The console in the list of receivers.
const PROTOCOL: Protocol = Protocol { name: "web", title: "The console" };
/// The file of the data folder with the keys of browsers.
const BROWSERS: &str = "browsers.json";

/// The console of an engine, served until stopped.
pub struct Console {
    links: Arc<Links>,
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
        let configured = address.map_or_else(|| engine.settings().in_force().listen.web, str::to_owned);
        let path = engine.data_folder().join(BROWSERS);
        let sessions = Arc::new(Sessions::new(browser_backends(engine), engine.clock().clone(), path));
        let front = open_front(engine, &sessions, &configured).await?;
        let links = Arc::new(Links::new(sessions.clone(), front.address()));
        let local = LocalServer::start(engine.data_folder(), local_backend(engine), links.clone())?;
        engine.publish(&front.address(), local.path())?;
        let served = Served { engine: engine.clone(), sessions, links: links.clone(), local, front };
        let stop = CancellationToken::new();
        let task = if address.is_some() {
            tokio::spawn(served.stay(stop.clone()))
        } else {
            tokio::spawn(served.follow(configured, stop.clone()))
        };
        Ok(Self { links, stop, task })
    }

    /// Returns the address of the page, such as `http://127.0.0.1:7171`.
    pub fn address(&self) -> String {
        self.links.address()
    }

    /// Returns a new link to open in a browser. It works once and for 60 s.
    pub fn link(&self) -> String {
        self.links.create()
    }

    /// Stops serving. Ongoing requests have a short time to end.
    pub async fn stop(self) {
        self.stop.cancel();
        // The task ends once `stop` is cancelled. A panic in it was logged.
        let _ = self.task.await;
    }
}

/// Returns the backend of the window and of the command line.
fn local_backend(engine: &Engine) -> Arc<dyn Backend> {
    Arc::new(EngineBackend::new(engine.clone()))
}

/// Returns the backends of the pages in browsers. What a browser may call is decided here.
fn browser_backends(engine: &Engine) -> Backends {
    let engine = engine.clone();
    Box::new(move |browser| {
        Arc::new(RestrictedBackend::new(engine.clone(), format!("browser {browser}"))) as Arc<dyn Backend>
    })
}

/// Everything that is served.
struct Served {
    engine: Engine,
    sessions: Arc<Sessions>,
    links: Arc<Links>,
    local: LocalServer,
    front: WebFront,
}

impl Served {
    async fn stay(self, stop: CancellationToken) {
        stop.cancelled().await;
        self.stop().await;
    }

    /// Moves the front when the address of the settings changes.
    async fn follow(mut self, mut configured: String, stop: CancellationToken) {
        let mut settings = self.engine.settings().watch();
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
            match self.move_to(&configured).await {
                Ok(()) => tracing::info!("console moved to {}", self.front.address()),
                Err(error) => tracing::error!("{error}; the console remains at {}", self.front.address()),
            }
        }
        self.stop().await;
    }

    async fn stop(self) {
        tokio::join!(self.front.stop(), self.local.stop());
    }

    async fn move_to(&mut self, address: &str) -> Result<(), WebError> {
        let moved = open_front(&self.engine, &self.sessions, address).await?;
        self.engine.publish(&moved.address(), self.local.path())?;
        self.links.move_to(moved.address());
        std::mem::replace(&mut self.front, moved).stop().await;
        Ok(())
    }
}

async fn open_front(
    engine: &Engine,
    sessions: &Arc<Sessions>,
    configured: &str,
) -> Result<WebFront, WebError> {
    let reporter = HealthReporter::new("console");
    let address = if configured.is_empty() { ANY_PORT } else { configured };
    let front = match serve(sessions.clone(), address).await {
        Ok(front) => {
            reporter.healthy();
            front
        }
        Err(error) => {
            let front = serve(sessions.clone(), ANY_PORT).await?;
            let message = format!("{error}; it is served on {} instead", front.address());
            tracing::error!("{message}");
            reporter.report(HealthState::Degraded, message);
            front
        }
    };
    engine.receivers().register(PROTOCOL, front.address().trim_start_matches("http://"), reporter);
    Ok(front)
}
