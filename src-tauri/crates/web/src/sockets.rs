//! Subscriptions over one WebSocket.
//!
//! The client sends `{"subscribe": 1, "topic": "status", "args": {}}` and `{"unsubscribe": 1}`.
//! The server sends `{"subscription": 1, "message": ...}`. A rejected request is answered once with
//! `{"subscription": 1, "error": {...}}`.

use std::collections::HashMap;

use axum::{
    extract::{
        State,
        ws::{Message, WebSocket, WebSocketUpgrade},
    },
    response::Response,
};
use futures_util::StreamExt as _;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{sync::mpsc, task::AbortHandle};

use crate::state::FrontState;

/// Maximum number of subscriptions of one socket.
const MAX_SUBSCRIPTIONS: usize = 64;
/// Maximum size of a client's request in bytes.
const MAX_REQUEST_BYTES: usize = 64 << 10;
/// Maximum number of messages queued for a slow client.
const QUEUE_LENGTH: usize = 32;

/// A request of a client.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Request {
    Subscribe {
        subscribe: u64,
        topic: String,
        #[serde(default)]
        args: Value,
    },
    Unsubscribe {
        unsubscribe: u64,
    },
}

/// Upgrades a request to a WebSocket and serves its subscriptions.
pub(crate) async fn open(State(front): State<FrontState>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.max_message_size(MAX_REQUEST_BYTES).on_upgrade(move |socket| serve(socket, front))
}

async fn serve(mut socket: WebSocket, front: FrontState) {
    let (sender, mut messages) = mpsc::channel::<Value>(QUEUE_LENGTH);
    let mut running: HashMap<u64, AbortHandle> = HashMap::new();
    loop {
        tokio::select! {
            () = front.stop.cancelled() => break,
            message = messages.recv() => {
                let Some(message) = message else { break };
                if socket.send(Message::text(message.to_string())).await.is_err() {
                    break;
                }
            }
            received = socket.recv() => match received {
                Some(Ok(Message::Text(text))) => {
                    let rejection = handle(&text, &front, &sender, &mut running).await;
                    if let Some(rejection) = rejection
                        && socket.send(Message::text(rejection.to_string())).await.is_err()
                    {
                        break;
                    }
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                Some(Ok(_)) => {}
            }
        }
    }
    for subscription in running.into_values() {
        subscription.abort();
    }
}

/// Carries out a request. Returns the answer to a rejected one.
async fn handle(
    text: &str,
    front: &FrontState,
    sender: &mpsc::Sender<Value>,
    running: &mut HashMap<u64, AbortHandle>,
) -> Option<Value> {
    let reject = |id: Option<u64>, code: &str, message: String| {
        Some(json!({"subscription": id, "error": {"code": code, "message": message}}))
    };
    let request = match serde_json::from_str(text) {
        Ok(request) => request,
        Err(_) => return reject(None, "invalid", "expected a subscribe or unsubscribe request".to_owned()),
    };
    running.retain(|_, subscription| !subscription.is_finished());
    match request {
        Request::Unsubscribe { unsubscribe } => {
            if let Some(subscription) = running.remove(&unsubscribe) {
                subscription.abort();
            }
            None
        }
        Request::Subscribe { subscribe: id, .. } if running.len() >= MAX_SUBSCRIPTIONS => {
            reject(Some(id), "busy", format!("more than {MAX_SUBSCRIPTIONS} subscriptions on one socket"))
        }
        Request::Subscribe { subscribe: id, topic, args } => {
            let arguments = if args.is_null() { json!({}) } else { args };
            let mut stream = match front.backend.subscribe(&topic, arguments).await {
                Ok(stream) => stream,
                Err(error) => {
                    return Some(json!({"subscription": id, "error": error}));
                }
            };
            let sender = sender.clone();
            let task = tokio::spawn(async move {
                while let Some(message) = stream.next().await {
                    if sender.send(json!({"subscription": id, "message": message})).await.is_err() {
                        return;
                    }
                }
            });
            if let Some(previous) = running.insert(id, task.abort_handle()) {
                previous.abort();
            }
            None
        }
    }
}
