//! The server of the console's page and of its sessions.

use std::{io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{Path, Request, State},
    http::{HeaderValue, Response, StatusCode, header},
    middleware::{self, Next},
    routing::{any, get},
};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    access::{self, Access},
    assets, downloads, headers,
    responses::plain,
    session::{self, FrontState, Sessions},
    visit,
};

/// Time ongoing requests have once the front is stopped.
pub(crate) const DRAIN_TIMEOUT: Duration = Duration::from_secs(3);

/// The reason a front did not start.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// The front cannot listen on the address.
    #[error("cannot serve the console on {address}: {source}")]
    Listen {
        /// The address.
        address: String,
        /// The reason.
        source: io::Error,
    },
    /// Other machines could reach the address.
    #[error(
        "cannot serve the console on {address}: other machines could reach it, and the console has no TLS; \
         use a loopback address such as 127.0.0.1"
    )]
    NotLoopback {
        /// The address.
        address: String,
    },
    /// The socket for the window and the command line cannot be created.
    #[error("cannot listen on the socket {}: {reason}", path.display())]
    Socket {
        /// The socket.
        path: PathBuf,
        /// The reason.
        reason: io::Error,
    },
    /// The engine cannot publish its address.
    #[error(transparent)]
    Engine(#[from] engine::EngineError),
}

/// A running front. It stops when it is dropped.
#[derive(Debug)]
pub(crate) struct WebFront {
    address: SocketAddr,
    stop: CancellationToken,
    task: Option<JoinHandle<()>>,
}

impl WebFront {
    /// Returns its address, such as `http://127.0.0.1:7171`.
    pub(crate) fn address(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops listening and waits a short time for ongoing requests.
    pub(crate) async fn stop(mut self) {
        self.stop.cancel();
        if let Some(task) = self.task.take() {
            let _ = tokio::time::timeout(DRAIN_TIMEOUT, task).await;
        }
    }
}

impl Drop for WebFront {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Serves the console and its sessions on a loopback address.
pub(crate) async fn serve(sessions: Arc<Sessions>, address: &str) -> Result<WebFront, WebError> {
    let failed = |source| WebError::Listen { address: address.to_owned(), source };
    let found: Vec<SocketAddr> = tokio::net::lookup_host(address).await.map_err(failed)?.collect();
    if found.iter().any(|address| !address.ip().is_loopback()) {
        return Err(WebError::NotLoopback { address: address.to_owned() });
    }
    let listener = TcpListener::bind(found.as_slice()).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    let stop = CancellationToken::new();
    let app = router(FrontState { address: bound, sessions, stop: stop.clone() })
        .into_make_service_with_connect_info::<SocketAddr>();
    let shutdown = stop.clone();
    let task = tokio::spawn(async move {
        let serving = axum::serve(listener, app).with_graceful_shutdown(shutdown.cancelled_owned());
        if let Err(error) = serving.await {
            tracing::error!(%error, "serving the console failed, it is unreachable until Binnacle is restarted");
        }
    });
    Ok(WebFront { address: bound, stop, task: Some(task) })
}

fn router(state: FrontState) -> Router {
    Router::new()
        .route("/api/session", get(session::open))
        .route(visit::PATH, get(visit::open))
        .route(&format!("{}/{{key}}", downloads::PATH), get(download))
        .route("/api/{*rest}", any(no_such_path))
        .fallback(assets::file)
        .layer(middleware::from_fn_with_state(state.clone(), guard))
        .with_state(state)
}

/// Rejects requests for another host and requests of other sites.
async fn guard(State(front): State<FrontState>, mut request: Request, next: Next) -> Response<Body> {
    let own = front.address.to_string();
    let mut response = match access::check(&request, front.address) {
        Access::Granted(host) => {
            request.extensions_mut().insert(host);
            next.run(request).await
        }
        Access::Elsewhere(page) => {
            let mut response = plain(StatusCode::TEMPORARY_REDIRECT, "the console is at its address\n");
            if let Ok(page) = HeaderValue::from_str(&page) {
                response.headers_mut().insert(header::LOCATION, page);
            }
            response
        }
        Access::Rejected(reason) => plain(StatusCode::FORBIDDEN, reason),
    };
    headers::add(response.headers_mut(), &own);
    response
}

/// Sends a file that a page was given.
async fn download(State(front): State<FrontState>, Path(key): Path<String>) -> Response<Body> {
    match front.sessions.downloads.take(&key) {
        Some(file) => downloads::unnamed_attachment(file),
        None => plain(StatusCode::NOT_FOUND, "the download has expired; start it again in the console\n"),
    }
}

async fn no_such_path() -> Response<Body> {
    plain(StatusCode::NOT_FOUND, "no such path\n")
}
