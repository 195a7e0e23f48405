//! The HTTP server of the web front.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use api::Backend;
use axum::{
    Router,
    body::Body,
    extract::{DefaultBodyLimit, Request, State},
    http::{Response, StatusCode, header},
    middleware::{self, Next},
    routing::{any, get, post},
};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{access, assets, commands, responses::plain, sockets, state::FrontState};

/// Maximum size of a command's arguments in bytes.
const MAX_ARGUMENTS_BYTES: usize = 4 << 20;
/// Time ongoing requests have once the front is stopped.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(3);

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
    /// The engine cannot store its token or publish its address.
    #[error(transparent)]
    Engine(#[from] engine::EngineError),
}

/// A running front. It stops when it is dropped.
#[derive(Debug)]
pub struct WebFront {
    address: SocketAddr,
    token: Arc<str>,
    stop: CancellationToken,
    task: Option<JoinHandle<()>>,
}

impl WebFront {
    /// Returns its address, such as `http://127.0.0.1:7171`.
    pub fn address(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the address to open in a browser, with the token.
    pub fn link(&self) -> String {
        format!("{}/?token={}", self.address(), self.token)
    }

    /// Stops listening and waits a short time for ongoing requests.
    pub async fn stop(mut self) {
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

/// Serves the console and the commands of `backend` on `address`.
pub async fn serve(backend: Arc<dyn Backend>, address: &str, token: &str) -> Result<WebFront, WebError> {
    let failed = |source| WebError::Listen { address: address.to_owned(), source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    let stop = CancellationToken::new();
    let state = FrontState { backend, token: token.into(), stop: stop.clone() };
    let token = state.token.clone();
    let app = router(state);
    let shutdown = stop.clone();
    let task = tokio::spawn(async move {
        let serving = axum::serve(listener, app).with_graceful_shutdown(shutdown.cancelled_owned());
        if let Err(error) = serving.await {
            tracing::error!(%error, "serving the console failed, it is unreachable until Binnacle is restarted");
        }
    });
    Ok(WebFront { address: bound, token, stop, task: Some(task) })
}

fn router(state: FrontState) -> Router {
    Router::new()
        .route("/api/command/{name}", post(commands::run))
        .route("/api/subscribe", get(sockets::open))
        .route("/api/{*rest}", any(no_such_path))
        .fallback(assets::file)
        .layer(DefaultBodyLimit::max(MAX_ARGUMENTS_BYTES))
        .layer(middleware::from_fn_with_state(state.clone(), guard))
        .with_state(state)
}

/// Rejects requests of another origin, and API requests without the token.
async fn guard(State(front): State<FrontState>, request: Request, next: Next) -> Response<Body> {
    if !access::is_same_origin(request.headers()) {
        return plain(
            StatusCode::FORBIDDEN,
            "rejected: the request names another host, or was sent by a page of another site\n",
        );
    }
    if request.uri().path().starts_with("/api/") && !has_token(&request, &front.token) {
        return plain(
            StatusCode::UNAUTHORIZED,
            "the token is missing or wrong: open the address that the engine printed when it started\n",
        );
    }
    next.run(request).await
}

/// Returns true if the request has the token.
///
/// Commands send it in a header. Browsers cannot send headers with a WebSocket, which has the token
/// in the address.
fn has_token(request: &Request, token: &str) -> bool {
    let in_header = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    let in_address = || {
        let query = request.uri().query()?;
        query.split('&').find_map(|pair| pair.strip_prefix("token="))
    };
    let given = match in_header {
        Some(given) => Some(given),
        None if request.uri().path() == "/api/subscribe" => in_address(),
        None => None,
    };
    given.is_some_and(|given| access::is_token(given, token))
}

async fn no_such_path() -> Response<Body> {
    plain(StatusCode::NOT_FOUND, "no such path\n")
}
