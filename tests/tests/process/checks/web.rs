//! A web server with good and bad addresses.

use std::{net::SocketAddr, time::Duration};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect},
    routing::get,
};
use tokio_util::task::AbortOnDropHandle;

/// A running server, ended when dropped.
pub(crate) struct Web {
    address: SocketAddr,
    _serving: AbortOnDropHandle<()>,
}

impl Web {
    /// Starts the server on a free port.
    pub(crate) async fn start() -> Self {
        let router = Router::new()
            .route("/ok", get(|| async { "all is ok" }))
            .route("/agent", get(agent))
            .route("/private", get(private))
            .route("/broken", get(|| async { StatusCode::SERVICE_UNAVAILABLE }))
            .route("/slow", get(slow))
            .route("/hang", get(hang))
            .route("/drip", get(drip))
            .route("/large", get(|| async { "x".repeat(3 << 20) + "ok" }))
            .route("/moved", get(|| async { Redirect::to("/ok") }))
            .route("/loop", get(|| async { Redirect::to("/loop") }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, _serving: AbortOnDropHandle::new(serving) }
    }

    /// Returns the URL of a page.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

async fn agent(headers: HeaderMap) -> impl IntoResponse {
    headers[header::USER_AGENT].to_str().unwrap().to_owned()
}

/// Answers only to `ann` with the password `hunter22`.
async fn private(headers: HeaderMap) -> impl IntoResponse {
    let allowed = headers.get(header::AUTHORIZATION).is_some_and(|value| value == "Basic YW5uOmh1bnRlcjIy");
    if allowed { StatusCode::OK } else { StatusCode::UNAUTHORIZED }
}

async fn slow() -> impl IntoResponse {
    tokio::time::sleep(Duration::from_millis(60)).await;
    "late"
}

async fn hang() -> impl IntoResponse {
    std::future::pending::<()>().await;
}

/// Answers with a body that begins and never ends.
async fn drip() -> impl IntoResponse {
    let (near, far) = tokio::io::duplex(64);
    tokio::spawn(async move {
        let mut near = near;
        let _ = tokio::io::AsyncWriteExt::write_all(&mut near, b"begun").await;
        std::future::pending::<()>().await;
    });
    Body::from_stream(tokio_util::io::ReaderStream::new(far))
}
