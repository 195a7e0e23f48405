//! An engine in another process that has the data folder. When another engine takes over the
//! folder, requests go to that one.

use std::path::PathBuf;

use api::{ApiError, Backend, ErrorCode, MessageStream, Reply};
use async_trait::async_trait;
use engine::{RunningEngine, running_engine};
use parking_lot::RwLock;
use serde_json::Value;
use web::RemoteBackend;

/// The engine that has a data folder. It may change.
pub(crate) struct Attached {
    folder: PathBuf,
    current: RwLock<(RunningEngine, RemoteBackend)>,
}

impl Attached {
    pub(crate) fn new(folder: PathBuf, running: RunningEngine) -> Self {
        let remote = RemoteBackend::new(&running.socket);
        Self { folder, current: RwLock::new((running, remote)) }
    }

    fn remote(&self) -> RemoteBackend {
        self.current.read().1.clone()
    }

    /// Returns a client of another engine than before, if one has the folder now.
    fn successor(&self) -> Option<RemoteBackend> {
        let running = running_engine(&self.folder)?;
        let mut current = self.current.write();
        if current.0 == running {
            return None;
        }
        let remote = RemoteBackend::new(&running.socket);
        *current = (running, remote.clone());
        Some(remote)
    }
}

#[async_trait]
impl Backend for Attached {
    async fn call(&self, name: &str, arguments: Value) -> Result<Reply, ApiError> {
        match self.remote().call(name, arguments.clone()).await {
            Err(error) if error.code == ErrorCode::Unavailable => match self.successor() {
                Some(remote) => remote.call(name, arguments).await,
                None => Err(error),
            },
            answer => answer,
        }
    }

    async fn subscribe(&self, topic: &str, arguments: Value) -> Result<MessageStream, ApiError> {
        match self.remote().subscribe(topic, arguments.clone()).await {
            Err(error) if error.code == ErrorCode::Unavailable => match self.successor() {
                Some(remote) => remote.subscribe(topic, arguments).await,
                None => Err(error),
            },
            answer => answer,
        }
    }
}
