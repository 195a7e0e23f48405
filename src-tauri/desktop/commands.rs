//! What the console's page may call: the command list, subscriptions and a native save dialog.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use api::{ApiError, ErrorCode, Reply};
use futures_util::StreamExt as _;
use serde_json::Value;
use tauri::{
    AppHandle, State,
    async_runtime::JoinHandle,
    ipc::{Channel, InvokeResponseBody, Response},
};
use tauri_plugin_dialog::DialogExt as _;

use crate::source::Opening;

/// A subscription whose engine went away is tried again after this long.
const PAUSE: Duration = Duration::from_secs(1);

/// Running subscriptions by the id the page gave them.
#[derive(Default)]
pub(crate) struct Subscriptions {
    running: Mutex<HashMap<u64, JoinHandle<()>>>,
}

impl Subscriptions {
    fn replace(&self, id: u64, task: Option<JoinHandle<()>>) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let before = match task {
            Some(task) => running.insert(id, task),
            None => running.remove(&id),
        };
        if let Some(before) = before {
            before.abort();
        }
    }

    /// Ends those of a page that is gone; the next page counts its subscriptions from one again.
    pub(crate) fn end_all(&self) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.drain().for_each(|(_, task)| task.abort());
    }
}

#[tauri::command]
pub(crate) async fn command(
    opening: State<'_, Opening>,
    name: String,
    args: Value,
) -> Result<Response, ApiError> {
    Ok(match opening.backend().await?.call(&name, args).await? {
        Reply::Json(value) => Response::new(InvokeResponseBody::Json(value.to_string())),
        Reply::Series(bytes) => Response::new(InvokeResponseBody::Raw(bytes)),
        Reply::File(file) => Response::new(InvokeResponseBody::Raw(file.bytes)),
    })
}

#[tauri::command]
pub(crate) async fn subscribe(
    opening: State<'_, Opening>,
    subscriptions: State<'_, Subscriptions>,
    id: u64,
    topic: String,
    args: Value,
    channel: Channel<Value>,
) -> Result<(), ApiError> {
    let backend = opening.backend().await?;
    let mut messages = backend.subscribe(&topic, args.clone()).await?;
    let task = tauri::async_runtime::spawn(async move {
        loop {
            while let Some(message) = messages.next().await {
                // The page is gone.
                if channel.send(message).is_err() {
                    return;
                }
            }
            // The engine ended; the one that takes the folder next goes on where it stopped.
            messages = loop {
                tokio::time::sleep(PAUSE).await;
                if let Ok(messages) = backend.subscribe(&topic, args.clone()).await {
                    break messages;
                }
            };
        }
    });
    subscriptions.replace(id, Some(task));
    Ok(())
}

#[tauri::command]
pub(crate) fn unsubscribe(subscriptions: State<'_, Subscriptions>, id: u64) {
    subscriptions.replace(id, None);
}

/// Runs a command that answers a file and saves it where the person chooses. Gives the path; none if the
/// person changed their mind.
#[tauri::command(rename_all = "camelCase")]
pub(crate) async fn save_file(
    app: AppHandle,
    opening: State<'_, Opening>,
    name: String,
    args: Value,
    suggested_name: String,
) -> Result<Option<String>, ApiError> {
    let Reply::File(file) = opening.backend().await?.call(&name, args).await? else {
        return Err(ApiError::invalid(format!("{name} does not answer a file")));
    };
    save(&app, &suggested_name, &file.bytes).await
}

/// Saves bytes made by the page, such as the picture of a chart, where the person chooses. Gives the path; none
/// if the person changed their mind.
#[tauri::command(rename_all = "camelCase")]
pub(crate) async fn save_content(
    app: AppHandle,
    content: Vec<u8>,
    suggested_name: String,
) -> Result<Option<String>, ApiError> {
    save(&app, &suggested_name, &content).await
}

async fn save(app: &AppHandle, suggested_name: &str, content: &[u8]) -> Result<Option<String>, ApiError> {
    let (sender, chosen) = tokio::sync::oneshot::channel();
    app.dialog().file().set_file_name(suggested_name).save_file(move |path| {
        // The page went away while the dialog was open.
        let _ = sender.send(path);
    });
    let Ok(Some(path)) = chosen.await else { return Ok(None) };
    let failed = |error: &dyn std::fmt::Display| {
        ApiError::new(ErrorCode::Internal, format!("cannot save {suggested_name}: {error}"))
    };
    let path = path.into_path().map_err(|error| failed(&error))?;
    tokio::fs::write(&path, content).await.map_err(|error| failed(&error))?;
    Ok(Some(path.display().to_string()))
}
