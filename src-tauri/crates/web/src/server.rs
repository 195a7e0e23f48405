//! The HTTP server of a front.

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

use crate::{access, assets, commands, sockets};

/// Arguments of a command are at most this long, in bytes.
const LONGEST_ARGUMENTS: usize = 4 << 20;
/// Requests under way may take this long once the front is stopped.
const DRAIN: Duration = Duration::from_secs(3);

/// Why a front did not start.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// The address cannot be listened on.
    #[error("the console cannot be served on {address}: {source}")]
    Listen {
        /// The address.
        address: String,
        /// Why.
        source: io::Error,
    },
    /// The engine cannot keep its token or say where it is.
    #[error(transparent)]
    Engine(#[from] engine::EngineError),
}

/// What every request needs.
#[derive(Clone)]
pub(crate) struct Served {
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) token: Arc<str>,
    pub(crate) stop: CancellationToken,
}

/// A running front; it stops when it is dropped or told to.
#[derive(Debug)]
pub struct WebFront {
    address: SocketAddr,
    token: Arc<str>,
    stop: CancellationToken,
    task: Option<JoinHandle<()>>,
}

impl WebFront {
    /// Where it listens, such as `http://127.0.0.1:7171`.
    pub fn address(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The address a person opens: with the token.
    pub fn link(&self) -> String {
        format!("{}/?token={}", self.address(), self.token)
    }

    /// Stops listening and waits for requests under way, for a short while.
    pub async fn stop(mut self) {
        self.stop.cancel();
        if let Some(task) = self.task.take() {
            let _ = tokio::time::timeout(DRAIN, task).await;
        }
    }
}

impl Drop for WebFront {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Serves the console and the command list of `backend` on `address`.
pub async fn serve(backend: Arc<dyn Backend>, address: &str, token: &str) -> Result<WebFront, WebError> {
    let failed = |source| WebError::Listen { address: address.to_owned(), source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    let stop = CancellationToken::new();
    let served = Served { backend, token: token.into(), stop: stop.clone() };
    let token = served.token.clone();
    let app = router(served);
    let stopped = stop.clone();
    let task = tokio::spawn(async move {
        let serving = axum::serve(listener, app).with_graceful_shutdown(stopped.cancelled_owned());
        if let Err(error) = serving.await {
            tracing::error!(%error, "the console is no longer served");
        }
    });
    Ok(WebFront { address: bound, token, stop, task: Some(task) })
}

fn router(served: Served) -> Router {
    Router::new()
        .route("/api/command/{name}", post(commands::run))
        .route("/api/subscribe", get(sockets::open))
        .route("/api/{*rest}", any(no_such_address))
        .fallback(assets::file)
        .layer(DefaultBodyLimit::max(LONGEST_ARGUMENTS))
        .layer(middleware::from_fn_with_state(served.clone(), guard))
        .with_state(served)
}

/// Turns away what comes from elsewhere, and questions without the token.
async fn guard(State(served): State<Served>, request: Request, next: Next) -> Response<Body> {
    if !access::comes_from_here(request.headers()) {
        return assets::plain(
            StatusCode::FORBIDDEN,
            "asked under a foreign name or by a page of another site\n",
        );
    }
    if request.uri().path().starts_with("/api/") && !has_token(&request, &served.token) {
        return assets::plain(StatusCode::UNAUTHORIZED, "the token is missing or wrong\n");
    }
    next.run(request).await
}

/// Commands carry the token in a header; browsers cannot do that for a WebSocket, which has it in the address.
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

async fn no_such_address() -> Response<Body> {
    assets::plain(StatusCode::NOT_FOUND, "there is no such address\n")
}
