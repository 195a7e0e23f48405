//! Finding whom to ask: the engine that runs on the data folder, or the folder itself.

use std::{path::Path, sync::Arc};

use anyhow::{Context as _, bail};
use api::{Backend, EngineBackend, FileReply, MessageStream, Reply};
use engine::{Engine, EngineOptions};
use model::SeriesResponse;
use serde::de::DeserializeOwned;
use serde_json::Value;
use web::RemoteBackend;

/// Somebody who answers.
pub(crate) struct Connection {
    backend: Arc<dyn Backend>,
    engine: Option<Engine>,
}

impl Connection {
    /// Connects to the engine on `data`, or opens the folder if none runs.
    pub(crate) async fn open(data: &Path) -> anyhow::Result<Self> {
        if let Some(running) = engine::running_engine(data) {
            let backend = RemoteBackend::new(&running.address, &running.token)?;
            return Ok(Self { backend: Arc::new(backend), engine: None });
        }
        if !data.exists() {
            bail!(
                "there is no data folder {}; start Binnacle once, or name the folder with --data",
                data.display()
            );
        }
        let mut options = EngineOptions::new(data.to_owned());
        options.observe = false;
        let engine = Engine::start(options).await?;
        Ok(Self { backend: Arc::new(EngineBackend::new(engine.clone())), engine: Some(engine) })
    }

    /// Whether an engine runs, so that new data come in.
    pub(crate) fn is_live(&self) -> bool {
        self.engine.is_none()
    }

    pub(crate) async fn ask<T: DeserializeOwned>(&self, name: &str, arguments: Value) -> anyhow::Result<T> {
        match self.backend.call(name, arguments).await? {
            Reply::Json(value) => serde_json::from_value(value).context("the answer cannot be read"),
            _ => bail!("{name} did not answer a value"),
        }
    }

    pub(crate) async fn series(&self, arguments: Value) -> anyhow::Result<SeriesResponse> {
        match self.backend.call("series", arguments).await? {
            Reply::Series(bytes) => Ok(api::decode_series(&bytes)?),
            _ => bail!("series did not answer series"),
        }
    }

    pub(crate) async fn file(&self, name: &str, arguments: Value) -> anyhow::Result<FileReply> {
        match self.backend.call(name, arguments).await? {
            Reply::File(file) => Ok(file),
            _ => bail!("{name} did not answer a file"),
        }
    }

    pub(crate) async fn subscribe(&self, topic: &str, arguments: Value) -> anyhow::Result<MessageStream> {
        Ok(self.backend.subscribe(topic, arguments).await?)
    }

    /// Closes the folder if it was opened here.
    pub(crate) async fn close(self) {
        if let Some(engine) = self.engine {
            engine.stop().await;
        }
    }
}
