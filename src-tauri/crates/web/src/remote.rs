//! The client of an engine in another process, reached over its local socket.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use api::{ApiError, Backend, ErrorCode, FileContent, FileReply, MessageStream, Reply, SERIES_MEDIA_TYPE};
use async_trait::async_trait;
use axum::{
    body::{self, Body, Bytes},
    http::{HeaderMap, HeaderName, Request, StatusCode, header},
};
use futures_util::{SinkExt as _, StreamExt as _, future};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::UnixStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_util::task::AbortOnDropHandle;

use crate::local::{Link, Visit, require_own};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// The name of the server in requests. The socket has none.
const NAME: &str = "localhost";

/// An engine in another process.
#[derive(Debug, Clone)]
pub struct RemoteBackend {
    socket: PathBuf,
}

impl RemoteBackend {
    /// Returns a client of the engine that listens on `socket`.
    pub fn new(socket: &Path) -> Self {
        Self { socket: socket.to_owned() }
    }

    /// Returns a new link to the console, which works once and for 60 s.
    pub async fn link(&self) -> Result<String, ApiError> {
        let bytes = self.read(self.post("/api/link", &json!({})).await?).await?;
        let link: Link = serde_json::from_slice(&bytes).map_err(|error| self.unavailable(&error))?;
        Ok(link.link)
    }

    /// Announces the visit of a browser of this user within 60 s, and returns the address for it,
    /// which is no secret. `None` if the engine cannot recognise that browser.
    pub async fn announce_visit(&self) -> Result<Option<String>, ApiError> {
        let bytes = self.read(self.post("/api/visit", &json!({})).await?).await?;
        let visit: Visit = serde_json::from_slice(&bytes).map_err(|error| self.unavailable(&error))?;
        Ok(visit.address)
    }

    /// Connects to the socket, if it belongs to this user.
    async fn connect(&self) -> Result<UnixStream, ApiError> {
        let connected = tokio::time::timeout(CONNECT_TIMEOUT, UnixStream::connect(&self.socket)).await;
        let stream = connected
            .map_err(|_| self.unavailable(&"the connection timed out"))?
            .map_err(|error| self.unavailable(&error))?;
        require_own(&stream).map_err(|error| self.unavailable(&error))?;
        Ok(stream)
    }

    /// Posts a request on a connection of its own, which ends when the answer is dropped.
    async fn post(&self, path: &str, arguments: &Value) -> Result<Answer, ApiError> {
        let stream = TokioIo::new(self.connect().await?);
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(stream).await.map_err(|error| self.unavailable(&error))?;
        let connection = AbortOnDropHandle::new(tokio::spawn(connection));
        let request = Request::post(path)
            .header(header::HOST, NAME)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(arguments.to_string()))
            .map_err(|error| ApiError::invalid(format!("{path}: {error}")))?;
        let response = sender.send_request(request).await.map_err(|error| self.unavailable(&error))?;
        let (parts, content) = response.into_parts();
        let answer = Answer { headers: parts.headers, body: Body::new(content), connection };
        if parts.status == StatusCode::OK {
            return Ok(answer);
        }
        let bytes = self.read(answer).await?;
        Err(serde_json::from_slice(&bytes).unwrap_or_else(|_| {
            let text = String::from_utf8_lossy(&bytes);
            self.unavailable(&format!("{}: {}", parts.status, text.trim()))
        }))
    }

    /// Reads an answer that is no file.
    async fn read(&self, answer: Answer) -> Result<Bytes, ApiError> {
        body::to_bytes(answer.body, usize::MAX).await.map_err(|error| self.unavailable(&error))
    }

    fn unavailable(&self, error: &dyn std::fmt::Display) -> ApiError {
        let message = format!("the engine at {} does not answer: {error}", self.socket.display());
        ApiError::new(ErrorCode::Unavailable, message)
    }
}

/// An answer of the engine, and the connection that it arrives on.
struct Answer {
    headers: HeaderMap,
    body: Body,
    connection: AbortOnDropHandle<hyper::Result<()>>,
}

impl Answer {
    fn header(&self, name: HeaderName) -> String {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    }

    /// Returns the contents of a file, which arrive as they are read.
    fn into_file(self) -> FileContent {
        let length = self.header(header::CONTENT_LENGTH).parse().unwrap_or_default();
        let connection = self.connection;
        let chunks = self.body.into_data_stream().map(move |chunk| {
            let _open = &connection;
            chunk.map(Vec::from).map_err(io::Error::other)
        });
        FileContent::new(length, Box::pin(chunks))
    }
}

#[async_trait]
impl Backend for RemoteBackend {
    async fn call(&self, name: &str, arguments: Value) -> Result<Reply, ApiError> {
        let answer = self.post(&format!("/api/command/{name}"), &arguments).await?;
        let media_type = answer.header(header::CONTENT_TYPE);
        let disposition = answer.header(header::CONTENT_DISPOSITION);
        if let Some(name) = disposition.strip_prefix("attachment; filename=\"") {
            let name = name.trim_end_matches('"').to_owned();
            return Ok(Reply::File(FileReply { name, media_type, content: answer.into_file() }));
        }
        let bytes = self.read(answer).await?;
        if media_type == SERIES_MEDIA_TYPE {
            return Ok(Reply::Series(bytes.to_vec()));
        }
        serde_json::from_slice(&bytes)
            .map(Reply::Json)
            .map_err(|error| self.unavailable(&format!("its reply is not JSON ({error})")))
    }

    async fn subscribe(&self, topic: &str, arguments: Value) -> Result<MessageStream, ApiError> {
        let stream = self.connect().await?;
        let address = format!("ws://{NAME}/api/subscribe");
        let (mut socket, _) = tokio_tungstenite::client_async(address, stream)
            .await
            .map_err(|error| self.unavailable(&error))?;
        let request = json!({"subscribe": 1, "topic": topic, "args": arguments});
        socket.send(Message::text(request.to_string())).await.map_err(|error| self.unavailable(&error))?;
        let messages = socket.take_while(|received| future::ready(received.is_ok())).filter_map(|received| {
            let text = received.ok().and_then(|message| message.into_text().ok());
            let message = text
                .and_then(|text| serde_json::from_str::<Value>(&text).ok())
                .and_then(|mut value| value.get_mut("message").map(Value::take));
            future::ready(message)
        });
        Ok(Box::pin(messages))
    }
}
