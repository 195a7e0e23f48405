//! Subscriptions over one WebSocket.
//!
//! The client sends `{"subscribe": 1, "topic": "status", "args": {}}` and `{"unsubscribe": 1}`; the server
//! sends `{"subscription": 1, "message": ...}`, or `{"subscription": 1, "error": {...}}` once if it refuses.

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

use crate::server::Served;

/// Subscriptions of one socket at most.
const MOST_SUBSCRIPTIONS: usize = 64;
/// A request of a client is at most this long, in bytes.
const LONGEST_REQUEST: usize = 64 << 10;
/// Messages that may wait for a slow client.
const WAITING: usize = 32;

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

pub(crate) async fn open(State(served): State<Served>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.max_message_size(LONGEST_REQUEST).on_upgrade(move |socket| talk(socket, served))
}

async fn talk(mut socket: WebSocket, served: Served) {
    let (sender, mut messages) = mpsc::channel::<Value>(WAITING);
    let mut running: HashMap<u64, AbortHandle> = HashMap::new();
    loop {
        tokio::select! {
            () = served.stop.cancelled() => break,
            message = messages.recv() => {
                let Some(message) = message else { break };
                if socket.send(Message::text(message.to_string())).await.is_err() {
                    break;
                }
            }
            received = socket.recv() => match received {
                Some(Ok(Message::Text(text))) => {
                    let refused = take(&text, &served, &sender, &mut running).await;
                    if let Some(refused) = refused
                        && socket.send(Message::text(refused.to_string())).await.is_err()
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

/// Carries out a request; gives what to answer if it is refused.
async fn take(
    text: &str,
    served: &Served,
    sender: &mpsc::Sender<Value>,
    running: &mut HashMap<u64, AbortHandle>,
) -> Option<Value> {
    let refusal = |id: Option<u64>, code: &str, message: String| {
        Some(json!({"subscription": id, "error": {"code": code, "message": message}}))
    };
    let request = match serde_json::from_str(text) {
        Ok(request) => request,
        Err(_) => return refusal(None, "invalid", "expected a subscribe or unsubscribe request".to_owned()),
    };
    running.retain(|_, subscription| !subscription.is_finished());
    match request {
        Request::Unsubscribe { unsubscribe } => {
            if let Some(subscription) = running.remove(&unsubscribe) {
                subscription.abort();
            }
            None
        }
        Request::Subscribe { subscribe: id, .. } if running.len() >= MOST_SUBSCRIPTIONS => {
            refusal(Some(id), "busy", format!("more than {MOST_SUBSCRIPTIONS} subscriptions on one socket"))
        }
        Request::Subscribe { subscribe: id, topic, args } => {
            let arguments = if args.is_null() { json!({}) } else { args };
            let mut stream = match served.backend.subscribe(&topic, arguments).await {
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
            if let Some(before) = running.insert(id, task.abort_handle()) {
                before.abort();
            }
            None
        }
    }
}
