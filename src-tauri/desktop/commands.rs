//! The Tauri commands of the console's page: the command list, subscriptions and a save dialog.

use std::{collections::HashMap, io, path::Path, time::Duration};

use api::{ApiError, ErrorCode, FileContent, Reply};
use futures_util::{StreamExt as _, TryStreamExt as _};
use parking_lot::Mutex;
use serde_json::Value;
use tauri::{
    AppHandle, State,
    async_runtime::JoinHandle,
    ipc::{Channel, InvokeResponseBody, Response},
};
use tauri_plugin_dialog::DialogExt as _;
use tokio::io::AsyncWriteExt as _;

use crate::{calls::Calls, source::Opening};

/// Time between two attempts to subscribe again after the engine has ended.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// Maximum size of a file that the page shows. Larger ones are only saved.
const MAX_SHOWN_BYTES: u64 = 64 << 20;

/// The running subscriptions by the id the page gave them.
#[derive(Default)]
pub(crate) struct Subscriptions {
    running: Mutex<HashMap<u64, JoinHandle<()>>>,
}

impl Subscriptions {
    fn replace(&self, id: u64, task: Option<JoinHandle<()>>) {
        let mut running = self.running.lock();
        let previous = match task {
            Some(task) => running.insert(id, task),
            None => running.remove(&id),
        };
        if let Some(previous) = previous {
            previous.abort();
        }
    }

    /// Ends all subscriptions. A new page counts its ids from one again.
    pub(crate) fn end_all(&self) {
        let mut running = self.running.lock();
        running.drain().for_each(|(_, task)| task.abort());
    }
}

/// Runs a command of the list. The page may cancel it by `id`.
#[tauri::command]
pub(crate) async fn command(
    opening: State<'_, Opening>,
    calls: State<'_, Calls>,
    id: u64,
    name: String,
    args: Value,
) -> Result<Response, ApiError> {
    let backend = opening.backend().await?;
    let called = name.clone();
    Ok(match calls.run(id, async move { backend.call(&called, args).await }).await? {
        Reply::Json(value) => Response::new(InvokeResponseBody::Json(value.to_string())),
        Reply::Series(bytes) => Response::new(InvokeResponseBody::Raw(bytes)),
        Reply::File(file) => {
            let shown = file.content.collect(MAX_SHOWN_BYTES).await;
            let bytes = shown.map_err(|error| ApiError::invalid(format!("cannot show {name}: {error}")))?;
            Response::new(InvokeResponseBody::Raw(bytes))
        }
    })
}

/// Cancels a command whose reply the page no longer needs.
#[tauri::command]
pub(crate) fn cancel(calls: State<'_, Calls>, id: u64) {
    calls.cancel(id);
}

/// Begins a subscription. It continues with the next engine when the engine ends.
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
                // The page has closed.
                if channel.send(message).is_err() {
                    return;
                }
            }
            // The engine ended. The subscription continues with the next engine of the folder.
            messages = loop {
                tokio::time::sleep(RETRY_INTERVAL).await;
                if let Ok(messages) = backend.subscribe(&topic, args.clone()).await {
                    break messages;
                }
            };
        }
    });
    subscriptions.replace(id, Some(task));
    Ok(())
}

/// Ends a subscription.
#[tauri::command]
pub(crate) fn unsubscribe(subscriptions: State<'_, Subscriptions>, id: u64) {
    subscriptions.replace(id, None);
}

/// Runs a command that replies with a file and saves it where the user chooses. Returns the path,
/// `None` if the user cancelled.
#[tauri::command(rename_all = "camelCase")]
pub(crate) async fn save_file(
    app: AppHandle,
    opening: State<'_, Opening>,
    name: String,
    args: Value,
    suggested_name: String,
) -> Result<Option<String>, ApiError> {
    let Reply::File(file) = opening.backend().await?.call(&name, args).await? else {
        return Err(ApiError::invalid(format!("{name} does not reply with a file")));
    };
    save(&app, &suggested_name, file.content).await
}

/// Saves bytes of the page, such as the image of a chart, where the user chooses. Returns the path,
/// `None` if the user cancelled.
#[tauri::command(rename_all = "camelCase")]
pub(crate) async fn save_content(
    app: AppHandle,
    content: Vec<u8>,
    suggested_name: String,
) -> Result<Option<String>, ApiError> {
    save(&app, &suggested_name, content.into()).await
}

async fn save(
    app: &AppHandle,
    suggested_name: &str,
    content: FileContent,
) -> Result<Option<String>, ApiError> {
    let (sender, chosen) = tokio::sync::oneshot::channel();
    app.dialog().file().set_file_name(suggested_name).save_file(move |path| {
        // Fails if the page closed while the dialog was open.
        let _ = sender.send(path);
    });
    let Ok(Some(path)) = chosen.await else { return Ok(None) };
    let failed = |error: &dyn std::fmt::Display| {
        ApiError::new(ErrorCode::Internal, format!("cannot save {suggested_name}: {error}"))
    };
    let path = path.into_path().map_err(|error| failed(&error))?;
    write(&path, content).await.map_err(|error| failed(&error))?;
    Ok(Some(path.display().to_string()))
}

async fn write(path: &Path, content: FileContent) -> io::Result<()> {
    let mut file = tokio::fs::File::create(path).await?;
    let mut chunks = content.into_chunks();
    while let Some(chunk) = chunks.try_next().await? {
        file.write_all(&chunk).await?;
    }
    file.flush().await
}
