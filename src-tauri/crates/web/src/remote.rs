//! The client of a web front: an engine in another process, reached over HTTP.

use std::time::Duration;

use api::{ApiError, Backend, ErrorCode, FileReply, MessageStream, Reply, SERIES_MEDIA_TYPE};
use async_trait::async_trait;
use futures_util::{SinkExt as _, StreamExt as _, future};
use reqwest::header;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

/// An engine in another process.
#[derive(Clone)]
pub struct RemoteBackend {
    client: reqwest::Client,
    address: String,
    token: String,
}

impl std::fmt::Debug for RemoteBackend {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("RemoteBackend").field("address", &self.address).finish_non_exhaustive()
    }
}

impl RemoteBackend {
    /// Returns a client of the front at `address` (`http://127.0.0.1:7171`) that requires `token`.
    pub fn new(address: &str, token: &str) -> Result<Self, ApiError> {
        let client = tls::http_client_builder()
            // The address is never https, so no authority is read.
            .tls_certs_only([])
            .connect_timeout(Duration::from_secs(3))
            .no_proxy()
            .build()
            .map_err(|error| unavailable(address, &error))?;
        Ok(Self { client, address: address.trim_end_matches('/').to_owned(), token: token.to_owned() })
    }
}

fn unavailable(address: &str, error: &impl std::fmt::Display) -> ApiError {
    ApiError::new(ErrorCode::Unavailable, format!("the engine at {address} does not answer: {error}"))
}

#[async_trait]
impl Backend for RemoteBackend {
    async fn call(&self, name: &str, arguments: Value) -> Result<Reply, ApiError> {
        let failed = |error: reqwest::Error| unavailable(&self.address, &error.without_url());
        let response = self
            .client
            .post(format!("{}/api/command/{name}", self.address))
            .bearer_auth(&self.token)
            .json(&arguments)
            .send()
            .await
            .map_err(failed)?;
        let status = response.status();
        let text_of = |name| {
            response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
        };
        let (media_type, disposition) = (text_of(header::CONTENT_TYPE), text_of(header::CONTENT_DISPOSITION));
        let bytes = response.bytes().await.map_err(failed)?;
        if !status.is_success() {
            return Err(serde_json::from_slice(&bytes).unwrap_or_else(|_| {
                unavailable(&self.address, &format!("{status}: {}", String::from_utf8_lossy(&bytes).trim()))
            }));
        }
        if let Some(name) = disposition.strip_prefix("attachment; filename=\"") {
            let name = name.trim_end_matches('"').to_owned();
            return Ok(Reply::File(FileReply { name, media_type, bytes: bytes.to_vec() }));
        }
        if media_type == SERIES_MEDIA_TYPE {
            return Ok(Reply::Series(bytes.to_vec()));
        }
        serde_json::from_slice(&bytes)
            .map(Reply::Json)
            .map_err(|error| unavailable(&self.address, &format!("its reply is not JSON ({error})")))
    }

    async fn subscribe(&self, topic: &str, arguments: Value) -> Result<MessageStream, ApiError> {
        let address = self.address.replacen("http", "ws", 1);
        let (mut socket, _) =
            tokio_tungstenite::connect_async(format!("{address}/api/subscribe?token={}", self.token))
                .await
                .map_err(|error| unavailable(&self.address, &error))?;
        let request = json!({"subscribe": 1, "topic": topic, "args": arguments});
        socket
            .send(Message::text(request.to_string()))
            .await
            .map_err(|error| unavailable(&self.address, &error))?;
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
