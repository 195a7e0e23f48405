//! Bodies and messages of responses.

use reqwest::Response;
use runtime::ResponseMemory;
use serde::de::DeserializeOwned;

use crate::error_chain::error_chain;

/// Maximum number of bytes of a response after decompression.
const MAX_BYTES: usize = 16 * 1024 * 1024;
/// Maximum number of characters of a message from the installation.
const MAX_DETAIL_CHARACTERS: usize = 200;

/// Reads the body of a response, which is bounded in size. It waits for its memory.
pub(super) async fn body(mut response: Response, memory: &mut ResponseMemory) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    memory.grow_to(0).await;
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= MAX_BYTES => {
                let length = body.len() + chunk.len();
                if length > body.capacity() {
                    let granted = memory.grow_to(length).await.min(MAX_BYTES);
                    body.reserve_exact(granted.max(length) - body.len());
                }
                body.extend_from_slice(&chunk);
            }
            Ok(Some(_)) => return Err(format!("it is larger than {} MiB", MAX_BYTES / 1024 / 1024)),
            Ok(None) => return Ok(body),
            Err(error) => return Err(format!("it ended early: {}", error_chain(&error.without_url()))),
        }
    }
}

/// Parses a body on a thread that may block.
pub(super) async fn read<T: DeserializeOwned + Send + 'static>(body: Vec<u8>) -> Result<T, String> {
    tokio::task::spawn_blocking(move || serde_json::from_slice(&body).map_err(|error| error.to_string()))
        .await
        .unwrap_or_else(|_| Err("reading it failed".to_owned()))
}

/// Returns the installation's message about a rejection, as `: text`; empty if there is none.
pub(super) fn detail(body: &[u8], token: &str) -> String {
    let value = serde_json::from_slice::<serde_json::Value>(body).ok();
    let message = value.as_ref().and_then(|value| {
        let detail = value.get("detail").or_else(|| value.get("error"))?;
        detail.as_str().or_else(|| detail.get("message")?.as_str())
    });
    message.map_or_else(String::new, |text| format!(": {}", redacted(text, token)))
}

/// Returns one short line without the token.
pub(super) fn redacted(text: &str, token: &str) -> String {
    let text = text.replace(token, "…");
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MAX_DETAIL_CHARACTERS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_the_server_are_repeated_without_the_token() {
        let body = br#"{"detail": {"message": "bad\ntoken sntryu_0123 given"}}"#;
        assert_eq!(detail(body, "sntryu_0123"), ": bad token … given");
        assert_eq!(detail(b"<html>", "x"), "");
        assert_eq!(
            detail(&serde_json::to_vec(&serde_json::json!({"detail": "ä".repeat(999)})).unwrap(), "x")
                .chars()
                .count(),
            203
        );
    }
}
