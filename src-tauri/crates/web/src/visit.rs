//! The visit of a browser that the command line opens.
//!
//! Arguments of programs are readable by every user, so the browser is not given a link. A browser
//! in a sandbox (snap, flatpak) cannot read a file of the data folder either. It is given the plain
//! address `/open`. That leads to a new link once, within a minute after the command line announced
//! the visit, and only on a connection of this user.

use std::net::SocketAddr;

use axum::{
    body::Body,
    extract::{ConnectInfo, State},
    http::{HeaderValue, Method, Response, StatusCode, header},
};

use crate::{peer_user, responses::plain, session::FrontState};

/// The path that a browser is given.
pub(crate) const PATH: &str = "/open";
const REFUSED: &str = "no browser of this user is expected here; run `binnacle-cli open` again, or \
                       `binnacle-cli open --print` for a link\n";

/// Leads an announced browser to a new link.
pub(crate) async fn open(
    State(front): State<FrontState>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    method: Method,
) -> Response<Body> {
    let own = front.address;
    let checked = tokio::task::spawn_blocking(move || peer_user::is_own(peer, own)).await;
    let is_own = matches!(checked, Ok(Ok(true)));
    // Only a visit of this user uses the announcement up.
    if method != Method::GET || !is_own || !front.sessions.visits.take() {
        tracing::warn!(is_own, "a browser that was not expected asked for a link");
        return plain(StatusCode::FORBIDDEN, REFUSED);
    }
    let link = format!("/#code={}", front.sessions.codes.create());
    let mut response = plain(StatusCode::SEE_OTHER, "the console is at its address\n");
    if let Ok(link) = HeaderValue::from_str(&link) {
        response.headers_mut().insert(header::LOCATION, link);
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
