//! The running subscriptions of one connection.
//!
//! Messages of a topic are `{"subscription": 1, "message": ...}`. A rejected subscription is
//! answered once with `{"subscription": 1, "error": {...}}`.

use std::{collections::HashMap, future, sync::Arc};

use api::{ApiError, Backend, ErrorCode};
use axum::extract::ws::Message;
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use super::text_message;

/// Maximum number of subscriptions of one connection.
const MAX_SUBSCRIPTIONS: usize = 64;
/// Maximum number of messages queued for a slow client.
const QUEUE_LENGTH: usize = 32;

/// The running subscriptions by the ids the client gave them. Dropping this ends them.
pub(super) struct Subscriptions {
    backend: Arc<dyn Backend>,
    sender: mpsc::Sender<Message>,
    messages: mpsc::Receiver<Message>,
    running: HashMap<u64, AbortOnDropHandle<()>>,
}

impl Subscriptions {
    pub(super) fn new(backend: Arc<dyn Backend>) -> Self {
        let (sender, messages) = mpsc::channel(QUEUE_LENGTH);
        Self { backend, sender, messages, running: HashMap::new() }
    }

    /// Begins a subscription, in place of one with the same id. Returns the answer to a rejected
    /// one.
    pub(super) async fn begin(&mut self, id: u64, topic: &str, arguments: Value) -> Option<Message> {
        self.running.retain(|_, subscription| !subscription.is_finished());
        if self.running.len() >= MAX_SUBSCRIPTIONS && !self.running.contains_key(&id) {
            let message = format!("more than {MAX_SUBSCRIPTIONS} subscriptions on one connection");
            return Some(rejection(id, &ApiError::new(ErrorCode::Busy, message)));
        }
        let mut stream = match self.backend.subscribe(topic, arguments).await {
            Ok(stream) => stream,
            Err(error) => return Some(rejection(id, &error)),
        };
        let sender = self.sender.clone();
        let task = tokio::spawn(async move {
            while let Some(message) = stream.next().await {
                let message = text_message(json!({"subscription": id, "message": message}));
                if sender.send(message).await.is_err() {
                    return;
                }
            }
        });
        self.running.insert(id, AbortOnDropHandle::new(task));
        None
    }

    /// Ends a subscription.
    pub(super) fn end(&mut self, id: u64) -> Option<Message> {
        self.running.remove(&id);
        None
    }

    /// Waits for the next message of any subscription.
    pub(super) async fn next(&mut self) -> Message {
        match self.messages.recv().await {
            Some(message) => message,
            // `self` has a sender, so the channel stays open.
            None => future::pending().await,
        }
    }
}

fn rejection(id: u64, error: &ApiError) -> Message {
    text_message(json!({"subscription": id, "error": error}))
}
