//! The backend of a browser session: calls that need the machine wait for a confirmation there.

use async_trait::async_trait;
use engine::Engine;
use futures_util::StreamExt as _;
use model::Confirmation;
use serde_json::Value;

use crate::{
    ApiError, Backend, Reply,
    commands::{decide, dispatch},
    subscriptions::{self, MessageStream},
};

/// An engine in this process with the rights of one browser session.
#[derive(Debug, Clone)]
pub struct RestrictedBackend {
    engine: Engine,
    session: String,
}

impl RestrictedBackend {
    /// Returns the backend of a session. People see its name when they are asked for a
    /// confirmation.
    pub fn new(engine: Engine, session: impl Into<String>) -> Self {
        Self { engine, session: session.into() }
    }
}

#[async_trait]
impl Backend for RestrictedBackend {
    /// Runs a command. One that needs the machine runs once it is confirmed there, with these same
    /// arguments and with no other effects than the confirmed ones.
    async fn call(&self, name: &str, arguments: Value) -> Result<Reply, ApiError> {
        let decision = decide(&self.engine, name, &arguments).await?;
        if decision.effects.is_empty() {
            return dispatch(&self.engine, name, arguments).await;
        }
        let confirmed = decision.effects.clone();
        // Other edits go on while this one waits.
        drop(decision);
        let texts: Vec<String> = confirmed.iter().map(|effect| effect.text.clone()).collect();
        self.engine.confirmations().request(&texts, &self.session).await?;
        let decision = decide(&self.engine, name, &arguments).await?;
        if decision.effects.iter().any(|effect| !confirmed.contains(effect)) {
            return Err(ApiError::forbidden(
                "the settings changed while the confirmation was pending; nothing was changed, try again",
            ));
        }
        dispatch(&self.engine, name, arguments).await
    }

    /// Begins a subscription. Of the pending confirmations a session sees its own.
    async fn subscribe(&self, topic: &str, arguments: Value) -> Result<MessageStream, ApiError> {
        let stream = subscriptions::subscribe(&self.engine, topic, arguments)?;
        if topic != subscriptions::CONFIRMATIONS {
            return Ok(stream);
        }
        let session = self.session.clone();
        Ok(Box::pin(stream.map(move |message| own(message, &session))))
    }
}

/// Returns the confirmations of a list that `session` requested.
fn own(message: Value, session: &str) -> Value {
    let mut list: Vec<Confirmation> = serde_json::from_value(message).unwrap_or_default();
    list.retain(|confirmation| confirmation.requested_by == session);
    serde_json::to_value(list).unwrap_or_default()
}
