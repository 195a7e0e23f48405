//! Commands and subscriptions over one WebSocket.
//!
//! The client sends `{"call": 1, "name": "status", "args": {}}` and may drop the call with
//! `{"cancel": 1}`. It sends `{"subscribe": 1, "topic": "status", "args": {}}` and
//! `{"unsubscribe": 1}`. Replies are in `calls.rs`, messages of topics in `subscriptions.rs`.

mod calls;
mod subscriptions;

use std::{future, sync::Arc};

use api::{ApiError, Backend};
use axum::extract::ws::{Message, WebSocket};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use self::{calls::Calls, subscriptions::Subscriptions};
use crate::{downloads::Downloads, session::activity::Activity};

/// Maximum size of a client's request in bytes.
pub(crate) const MAX_REQUEST_BYTES: usize = 4 << 20;

/// A request of a client.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Request {
    Call {
        call: u64,
        name: String,
        #[serde(default)]
        args: Value,
    },
    Cancel {
        cancel: u64,
    },
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

/// What a client has that is the page of a session.
pub(crate) struct Page {
    pub(crate) activity: Activity,
    pub(crate) downloads: Arc<Downloads>,
}

/// Serves the requests of a client until it goes, the server stops or its session expires. Running
/// calls and subscriptions then end.
pub(crate) async fn serve(
    mut socket: WebSocket,
    backend: Arc<dyn Backend>,
    stop: &CancellationToken,
    page: Option<Page>,
) {
    let (activity, downloads) = page.map(|page| (page.activity, page.downloads)).unzip();
    let mut calls = Calls::new(backend.clone(), downloads);
    let mut subscriptions = Subscriptions::new(backend);
    let mut expiry = Box::pin(expire(activity.as_ref()));
    loop {
        let message = tokio::select! {
            () = stop.cancelled() => return,
            () = &mut expiry => return,
            message = subscriptions.next() => Some(message),
            Some(reply) = calls.next() => Some(reply),
            received = socket.recv() => match received {
                Some(Ok(Message::Text(text))) => {
                    if let Some(activity) = &activity {
                        activity.record().await;
                        expiry = Box::pin(expire(Some(activity)));
                    }
                    handle(&text, &mut calls, &mut subscriptions).await
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => None,
            },
        };
        let Some(message) = message else { continue };
        let sent = tokio::select! {
            () = stop.cancelled() => return,
            sent = socket.send(message) => sent,
        };
        if sent.is_err() {
            return;
        }
    }
}

/// Waits until the session expires. A connection without a session does not.
async fn expire(activity: Option<&Activity>) {
    match activity {
        Some(activity) => activity.expire().await,
        None => future::pending().await,
    }
}

/// Carries out a request. Returns the answer to a rejected one.
async fn handle(text: &str, calls: &mut Calls, subscriptions: &mut Subscriptions) -> Option<Message> {
    let Ok(request) = serde_json::from_str(text) else {
        let error = ApiError::invalid("expected a call, cancel, subscribe or unsubscribe request");
        return Some(text_message(json!({"reply": null, "error": error})));
    };
    match request {
        Request::Call { call, name, args } => calls.begin(call, name, or_empty(args)),
        Request::Cancel { cancel } => calls.cancel(cancel),
        Request::Subscribe { subscribe, topic, args } => {
            subscriptions.begin(subscribe, &topic, or_empty(args)).await
        }
        Request::Unsubscribe { unsubscribe } => subscriptions.end(unsubscribe),
    }
}

fn or_empty(arguments: Value) -> Value {
    if arguments.is_null() { json!({}) } else { arguments }
}

fn text_message(value: Value) -> Message {
    Message::text(value.to_string())
}
