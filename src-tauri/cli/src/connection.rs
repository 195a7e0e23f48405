//! The connection to the engine of a data folder, or to the folder itself if none runs.

use std::{path::Path, sync::Arc};

use anyhow::{Context as _, bail};
use api::{Backend, EngineBackend, FileReply, MessageStream, Reply};
use engine::{Engine, EngineOptions};
use model::SeriesResponse;
use serde::de::DeserializeOwned;
use serde_json::Value;
use web::RemoteBackend;

/// A connection to an engine: a running one, or one that only reads the folder.
pub(crate) struct Connection {
    backend: Arc<dyn Backend>,
    engine: Option<Engine>,
}

impl Connection {
    /// Connects to the engine on `data`, or opens the folder if none runs.
    pub(crate) async fn open(data: &Path) -> anyhow::Result<Self> {
        if let Some(running) = engine::running_engine(data) {
            let backend = RemoteBackend::new(&running.socket);
            return Ok(Self { backend: Arc::new(backend), engine: None });
        }
        if !data.exists() {
            bail!("no data folder {}; start Binnacle once, or name the folder with --data", data.display());
        }
        let mut options = EngineOptions::new(data.to_owned());
        options.observe = false;
        let engine = Engine::start(options).await?;
        Ok(Self { backend: Arc::new(EngineBackend::new(engine.clone())), engine: Some(engine) })
    }

    /// Returns true if an engine runs, so that there are new data to follow.
    pub(crate) fn is_live(&self) -> bool {
        self.engine.is_none()
    }

    /// Calls a command and decodes its reply.
    pub(crate) async fn request<T: DeserializeOwned>(
        &self,
        name: &str,
        arguments: Value,
    ) -> anyhow::Result<T> {
        match self.backend.call(name, arguments).await? {
            Reply::Json(value) => {
                serde_json::from_value(value).with_context(|| format!("cannot read the reply of {name}"))
            }
            _ => bail!("the reply of {name} is not a value"),
        }
    }

    /// Calls the command `series`.
    pub(crate) async fn series(&self, arguments: Value) -> anyhow::Result<SeriesResponse> {
        match self.backend.call("series", arguments).await? {
            Reply::Series(bytes) => Ok(api::decode_series(&bytes)?),
            _ => bail!("the reply of series has no series"),
        }
    }

    /// Calls a command that replies with a file.
    pub(crate) async fn file(&self, name: &str, arguments: Value) -> anyhow::Result<FileReply> {
        match self.backend.call(name, arguments).await? {
            Reply::File(file) => Ok(file),
            _ => bail!("the reply of {name} is not a file"),
        }
    }

    /// Begins a subscription.
    pub(crate) async fn subscribe(&self, topic: &str, arguments: Value) -> anyhow::Result<MessageStream> {
        Ok(self.backend.subscribe(topic, arguments).await?)
    }

    /// Closes the folder if this connection opened it.
    pub(crate) async fn close(self) {
        if let Some(engine) = self.engine {
            engine.stop().await;
        }
    }
}
