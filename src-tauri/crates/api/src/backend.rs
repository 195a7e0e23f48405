//! The backend of a front: an engine in this process, or one reached over HTTP.

use async_trait::async_trait;
use engine::Engine;
use serde_json::Value;

use crate::{
    ApiError, Reply,
    commands::dispatch,
    subscriptions::{self, MessageStream},
};

/// Answers commands and serves subscriptions.
#[async_trait]
pub trait Backend: Send + Sync + 'static {
    /// Runs a command of the list with its arguments as JSON.
    async fn call(&self, name: &str, arguments: Value) -> Result<Reply, ApiError>;

    /// Begins a subscription. It ends when the stream is dropped.
    async fn subscribe(&self, topic: &str, arguments: Value) -> Result<MessageStream, ApiError>;
}

/// An engine in this process.
#[derive(Debug, Clone)]
pub struct EngineBackend {
    engine: Engine,
}

impl EngineBackend {
    /// Returns a backend that serves the list from `engine`.
    pub fn new(engine: Engine) -> Self {
        Self { engine }
    }
}

#[async_trait]
impl Backend for EngineBackend {
    async fn call(&self, name: &str, arguments: Value) -> Result<Reply, ApiError> {
        dispatch(&self.engine, name, arguments).await
    }

    async fn subscribe(&self, topic: &str, arguments: Value) -> Result<MessageStream, ApiError> {
        subscriptions::subscribe(&self.engine, topic, arguments)
    }
}
