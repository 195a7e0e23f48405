//! Sessions of browsers: one WebSocket each, on which both sides prove themselves before anything
//! else is sent.

pub(crate) mod activity;
mod browsers;
mod codes;
mod handshake;
pub(crate) mod secret;
mod visits;

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use api::Backend;
use axum::{
    Extension,
    body::Body,
    extract::{State, WebSocketUpgrade},
    http::{HeaderMap, Response, StatusCode, header},
    response::IntoResponse as _,
};
use runtime::Clock;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use self::{activity::Activity, browsers::Browsers, codes::Codes, visits::Visits};
use crate::{access::CheckedHost, downloads::Downloads, messages, responses::plain};

/// Maximum number of sockets whose page has not proven itself yet.
const MAX_UNPROVEN: usize = 32;
/// Maximum number of open sessions.
const MAX_PROVEN: usize = 64;

/// Returns the backend of a session, by the id of its browser.
pub(crate) type Backends = Box<dyn Fn(&str) -> Arc<dyn Backend> + Send + Sync>;

/// The sessions of the console's pages, with the codes, visits and browsers that may open one, and
/// the files that they download.
pub(crate) struct Sessions {
    backends: Backends,
    clock: Clock,
    pub(crate) codes: Codes,
    pub(crate) visits: Visits,
    pub(crate) downloads: Arc<Downloads>,
    browsers: Arc<Browsers>,
    unproven: Arc<Semaphore>,
    proven: Arc<Semaphore>,
}

impl Sessions {
    /// Returns the sessions of pages, each of which calls its own backend. The file at `path` has
    /// the browsers.
    pub(crate) fn new(backends: Backends, clock: Clock, path: PathBuf) -> Self {
        Self {
            backends,
            codes: Codes::new(clock.clone()),
            visits: Visits::new(clock.clone()),
            downloads: Arc::new(Downloads::new(clock.clone())),
            browsers: Arc::new(Browsers::open(path, clock.clone())),
            clock,
            unproven: Arc::new(Semaphore::new(MAX_UNPROVEN)),
            proven: Arc::new(Semaphore::new(MAX_PROVEN)),
        }
    }
}

/// The state every request handler has. Clones share it.
#[derive(Clone)]
pub(crate) struct FrontState {
    pub(crate) address: SocketAddr,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) stop: CancellationToken,
}

/// Upgrades a request of a page to a WebSocket and serves its session.
pub(crate) async fn open(
    State(front): State<FrontState>,
    Extension(CheckedHost(host)): Extension<CheckedHost>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response<Body> {
    // A browser always sends the origin of the page. Its value has been checked.
    if !headers.contains_key(header::ORIGIN) {
        return plain(StatusCode::FORBIDDEN, "rejected: a session needs the origin of its page\n");
    }
    let Ok(unproven) = front.sessions.unproven.clone().try_acquire_owned() else {
        return plain(StatusCode::SERVICE_UNAVAILABLE, "too many pages connect at the same time\n");
    };
    let upgrade = upgrade.max_message_size(messages::MAX_REQUEST_BYTES);
    upgrade
        .on_upgrade(async move |mut socket| {
            let sessions = front.sessions.as_ref();
            let proven = tokio::select! {
                () = front.stop.cancelled() => None,
                proven = handshake::prove(&mut socket, sessions, &host) => proven,
            };
            drop(unproven);
            let Some(proven) = proven else { return };
            let backend = (sessions.backends)(&proven.browser);
            let activity =
                Activity::new(sessions.browsers.clone(), proven.browser.clone(), sessions.clock.clone());
            let page = messages::Page { activity, downloads: sessions.downloads.clone() };
            messages::serve(socket, backend, &front.stop, Some(page)).await;
        })
        .into_response()
}
