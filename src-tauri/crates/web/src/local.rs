//! The server for the window and the command line: a socket in the data folder that only programs
//! of the same user may use.

mod commands;
mod peer;
mod socket_file;

use std::{path::Path, sync::Arc};

use api::Backend;
use axum::{
    Router,
    body::Body,
    extract::{DefaultBodyLimit, State, WebSocketUpgrade},
    http::Response,
    response::{IntoResponse as _, Json},
    routing::{get, post},
    serve::Listener,
};
use serde::{Deserialize, Serialize};
use tokio::{
    net::{UnixListener, UnixStream, unix},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use self::socket_file::SocketFile;
use crate::{WebError, links::Links, messages, server::DRAIN_TIMEOUT};

pub(crate) use peer::require_own;

/// The running server. Dropping it ends it and removes its socket.
#[derive(Debug)]
pub(crate) struct LocalServer {
    file: SocketFile,
    stop: CancellationToken,
    task: Option<JoinHandle<()>>,
}

/// The state every request handler has. Clones share it.
#[derive(Clone)]
pub(crate) struct LocalState {
    backend: Arc<dyn Backend>,
    links: Arc<Links>,
    stop: CancellationToken,
}

/// A link that opens the console in a browser.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Link {
    pub(crate) link: String,
}

/// The address for a browser that the command line opens.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Visit {
    /// `None` if the system does not report the user of a connection.
    pub(crate) address: Option<String>,
}

impl LocalServer {
    /// Serves the commands of `backend`, and new links, on a socket in `folder`.
    pub(crate) fn start(
        folder: &Path,
        backend: Arc<dyn Backend>,
        links: Arc<Links>,
    ) -> Result<Self, WebError> {
        let (file, listener) = SocketFile::create(folder)?;
        let stop = CancellationToken::new();
        let app = Router::new()
            .route("/api/command/{name}", post(commands::run))
            .route("/api/subscribe", get(subscribe))
            .route("/api/link", post(link))
            .route("/api/visit", post(visit))
            .layer(DefaultBodyLimit::max(messages::MAX_REQUEST_BYTES))
            .with_state(LocalState { backend, links, stop: stop.clone() });
        let shutdown = stop.clone();
        let task = tokio::spawn(async move {
            let serving =
                axum::serve(OwnPeers(listener), app).with_graceful_shutdown(shutdown.cancelled_owned());
            if let Err(error) = serving.await {
                tracing::error!(%error, "the local socket failed, it is unreachable until a restart");
            }
        });
        Ok(Self { file, stop, task: Some(task) })
    }

    /// Returns the path of the socket.
    pub(crate) fn path(&self) -> &Path {
        self.file.path()
    }

    /// Stops listening and waits a short time for ongoing requests.
    pub(crate) async fn stop(mut self) {
        self.stop.cancel();
        if let Some(task) = self.task.take() {
            let _ = tokio::time::timeout(DRAIN_TIMEOUT, task).await;
        }
    }
}

impl Drop for LocalServer {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// A listener that closes the connections of other users.
struct OwnPeers(UnixListener);

impl Listener for OwnPeers {
    type Io = UnixStream;
    type Addr = unix::SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, address) = Listener::accept(&mut self.0).await;
            match require_own(&stream) {
                Ok(()) => return (stream, address),
                Err(error) => tracing::warn!("rejected a connection to the local socket: {error}"),
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

async fn subscribe(State(local): State<LocalState>, upgrade: WebSocketUpgrade) -> Response<Body> {
    upgrade
        .max_message_size(messages::MAX_REQUEST_BYTES)
        .on_upgrade(async move |socket| messages::serve(socket, local.backend, &local.stop, None).await)
        .into_response()
}

async fn link(State(local): State<LocalState>) -> Json<Link> {
    Json(Link { link: local.links.create() })
}

async fn visit(State(local): State<LocalState>) -> Json<Visit> {
    Json(Visit { address: local.links.announce() })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use api::{ApiError, FileContent, FileReply, MessageStream, Reply};
    use async_trait::async_trait;
    use futures_util::TryStreamExt as _;
    use runtime::Clock;
    use serde_json::{Value, json};

    use super::*;
    use crate::{remote::RemoteBackend, session::Sessions};

    const FILE_BYTES: u64 = 1 << 30;

    /// Answers with a file of 1 GiB.
    #[derive(Clone)]
    struct LargeFile;

    #[async_trait]
    impl Backend for LargeFile {
        async fn call(&self, _name: &str, _arguments: Value) -> Result<Reply, ApiError> {
            let file = tempfile::tempfile().unwrap();
            file.set_len(FILE_BYTES).unwrap();
            let content = FileContent::of_file(file, FILE_BYTES);
            Ok(Reply::File(FileReply { name: "a.csv".into(), media_type: "text/csv".into(), content }))
        }

        async fn subscribe(&self, topic: &str, _arguments: Value) -> Result<MessageStream, ApiError> {
            Err(ApiError::not_found(topic))
        }
    }

    /// Returns the peak memory of this process in KiB.
    fn peak() -> u64 {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    #[cfg(target_os = "linux")]
    #[tokio::test(flavor = "multi_thread")]
    async fn a_file_of_a_gibibyte_takes_bounded_memory_of_both_sides() {
        let folder = tempfile::tempdir().unwrap();
        let backends: crate::session::Backends = Box::new(|_| Arc::new(LargeFile));
        let sessions = Arc::new(Sessions::new(backends, Clock::system(), folder.path().join("browsers")));
        let links = Arc::new(Links::new(sessions, "http://127.0.0.1:1".into()));
        let server = LocalServer::start(folder.path(), Arc::new(LargeFile), links).unwrap();
        let before = peak();
        let reply = RemoteBackend::new(server.path()).call("export", json!({})).await.unwrap();
        let Reply::File(file) = reply else { panic!("not a file") };
        assert_eq!((file.name.as_str(), file.content.length()), ("a.csv", FILE_BYTES));
        let count = |sum, chunk: Vec<u8>| async move { Ok(sum + chunk.len() as u64) };
        assert_eq!(file.content.into_chunks().try_fold(0, count).await.unwrap(), FILE_BYTES);
        assert!(peak() - before < 64 << 10, "{} KiB more", peak() - before);
        server.stop().await;
    }
}
