//! The running calls of one connection.
//!
//! A call is answered with `{"reply": 1, "value": ...}` or `{"reply": 1, "error": {...}}`. Series
//! are answered with a binary message: the length of a JSON header as 4 bytes, big-endian, the
//! header `{"reply": 1, "kind": "series"}`, and the bytes. A file is answered with the path to
//! download it from: `{"reply": 1, "file": {"name": ..., "media_type": ..., "path": ...}}`.

use std::{collections::HashMap, sync::Arc};

use api::{ApiError, Backend, ErrorCode, Reply};
use axum::extract::ws::Message;
use serde_json::{Value, json};
use tokio::task::{AbortHandle, Id, JoinSet};

use super::text_message;
use crate::downloads::Downloads;

/// Maximum number of running calls of one connection.
const MAX_CALLS: usize = 64;

/// The running calls by the ids the client gave them. Dropping this drops the calls.
pub(super) struct Calls {
    backend: Arc<dyn Backend>,
    downloads: Option<Arc<Downloads>>,
    running: HashMap<u64, AbortHandle>,
    tasks: JoinSet<Message>,
}

impl Calls {
    pub(super) fn new(backend: Arc<dyn Backend>, downloads: Option<Arc<Downloads>>) -> Self {
        Self { backend, downloads, running: HashMap::new(), tasks: JoinSet::new() }
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
        let downloads = self.downloads.clone();
        let task = self.tasks.spawn(async move {
            let reply = backend.call(&name, arguments).await;
            let answered = reply.and_then(|reply| answer(id, reply, downloads.as_deref()));
            answered.unwrap_or_else(|error| failure(id, &error))
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

fn answer(id: u64, reply: Reply, downloads: Option<&Downloads>) -> Result<Message, ApiError> {
    Ok(match reply {
        Reply::Json(value) => text_message(json!({"reply": id, "value": value})),
        Reply::Series(bytes) => binary(json!({"reply": id, "kind": "series"}), &bytes),
        Reply::File(file) => {
            let downloads = downloads
                .ok_or_else(|| ApiError::invalid("files are not sent here, call the command over HTTP"))?;
            let (name, media_type) = (file.name.clone(), file.media_type.clone());
            let path = downloads.offer(file)?;
            text_message(json!({"reply": id, "file": {"name": name, "media_type": media_type, "path": path}}))
        }
    })
}

fn binary(header: Value, bytes: &[u8]) -> Message {
    let header = header.to_string();
    let length = u32::try_from(header.len()).unwrap_or_default();
    Message::binary([&length.to_be_bytes(), header.as_bytes(), bytes].concat())
}
