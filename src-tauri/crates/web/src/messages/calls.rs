//! The running calls of one connection.
//!
//! A call is answered with `{"reply": 1, "value": ...}` or `{"reply": 1, "error": {...}}`. Bytes
//! are answered with a binary message: the length of a JSON header as 4 bytes, big-endian, the
//! header `{"reply": 1, "kind": "series" | "file", "name": ..., "media_type": ...}`, and the bytes.

use std::{collections::HashMap, sync::Arc};

use api::{ApiError, Backend, ErrorCode, Reply, SERIES_MEDIA_TYPE};
use axum::extract::ws::Message;
use serde_json::{Value, json};
use tokio::task::{AbortHandle, Id, JoinSet};

use super::text_message;

/// Maximum number of running calls of one connection.
const MAX_CALLS: usize = 64;

/// The running calls by the ids the client gave them. Dropping this drops the calls.
pub(super) struct Calls {
    backend: Arc<dyn Backend>,
    running: HashMap<u64, AbortHandle>,
    tasks: JoinSet<Message>,
}

impl Calls {
    pub(super) fn new(backend: Arc<dyn Backend>) -> Self {
        Self { backend, running: HashMap::new(), tasks: JoinSet::new() }
    }

    /// Begins a call. Returns the answer to a rejected one.
    pub(super) fn begin(&mut self, id: u64, name: String, arguments: Value) -> Option<Message> {
        if self.running.contains_key(&id) {
            return Some(failure(id, &ApiError::invalid(format!("call {id} is already running"))));
        }
        if self.running.len() >= MAX_CALLS {
            let message = format!("more than {MAX_CALLS} calls at the same time");
            return Some(failure(id, &ApiError::new(ErrorCode::Busy, message)));
        }
        let backend = self.backend.clone();
        let task = self.tasks.spawn(async move {
            match backend.call(&name, arguments).await {
                Ok(reply) => answer(id, reply),
                Err(error) => failure(id, &error),
            }
        });
        self.running.insert(id, task);
        None
    }

    /// Drops a call. It is not answered.
    pub(super) fn cancel(&mut self, id: u64) -> Option<Message> {
        if let Some(task) = self.running.get(&id) {
            task.abort();
        }
        None
    }

    /// Waits for the next answer. Returns `None` if no call is running.
    pub(super) async fn next(&mut self) -> Option<Message> {
        loop {
            match self.tasks.join_next_with_id().await? {
                Ok((task, message)) => {
                    self.end(task);
                    return Some(message);
                }
                Err(error) => {
                    let id = self.end(error.id());
                    if let Some(id) = id.filter(|_| !error.is_cancelled()) {
                        let error = ApiError::new(ErrorCode::Internal, "the command failed: internal error");
                        return Some(failure(id, &error));
                    }
                }
            }
        }
    }

    /// Removes the call of a task that has ended and returns its id.
    fn end(&mut self, task: Id) -> Option<u64> {
        let id = self.running.iter().find(|(_, running)| running.id() == task).map(|(id, _)| *id)?;
        self.running.remove(&id);
        Some(id)
    }
}

fn failure(id: u64, error: &ApiError) -> Message {
    text_message(json!({"reply": id, "error": error}))
}

fn answer(id: u64, reply: Reply) -> Message {
    match reply {
        Reply::Json(value) => text_message(json!({"reply": id, "value": value})),
        Reply::Series(bytes) => binary(
            json!({"reply": id, "kind": "series", "name": "", "media_type": SERIES_MEDIA_TYPE}),
            &bytes,
        ),
        Reply::File(file) => binary(
            json!({"reply": id, "kind": "file", "name": file.name, "media_type": file.media_type}),
            &file.bytes,
        ),
    }
}

fn binary(header: Value, bytes: &[u8]) -> Message {
    let header = header.to_string();
    let length = u32::try_from(header.len()).unwrap_or_default();
    Message::binary([&length.to_be_bytes(), header.as_bytes(), bytes].concat())
}
