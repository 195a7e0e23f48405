//! A client of the local socket of an engine.

use std::path::Path;

use anyhow::{Result, ensure};
use reqwest::RequestBuilder;
use serde_json::Value;

/// A client of the local socket of an engine. Clones share its connections.
#[derive(Debug, Clone)]
pub struct EngineClient(reqwest::Client);

impl EngineClient {
    /// Returns a client of the engine that listens on `socket`.
    pub fn new(socket: &Path) -> Result<Self> {
        Ok(Self(tls::http_client_builder().unix_socket(socket).build()?))
    }

    /// Returns a request to `path` without a body.
    pub fn post(&self, path: &str) -> RequestBuilder {
        self.0.post(format!("http://localhost{path}"))
    }

    /// Calls a command of the API and returns the bytes of its answer.
    pub async fn download(&self, name: &str, arguments: &Value) -> Result<Vec<u8>> {
        let response = self.post(&format!("/api/command/{name}")).json(arguments).send().await?;
        let status = response.status();
        let bytes = response.bytes().await?;
        ensure!(status.is_success(), "{name}: {status} {}", String::from_utf8_lossy(&bytes));
        Ok(bytes.into())
    }
}
