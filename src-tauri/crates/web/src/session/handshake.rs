//! The server's side of the handshake. Each side proves that it has the secret of a code or of a
//! browser, and neither sends it.
//!
//! 1. The page: `{"hello": {"kind": "code", "id": ID, "nonce": NP}}`.
//! 2. The server: `{"challenge": {"nonce": NS, "proof": MAC("server")}}`.
//! 3. The page, which has checked the proof: `{"proof": MAC("page")}`.
//! 4. The server: `{"ready": {"browser": ID}}`.
//!
//! A `MAC` covers the host and port of the page's address, the id and both nonces. So a program on
//! another port cannot pass the messages on. `{"refused": REASON}` ends the handshake.

use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::OwnedSemaphorePermit;

use super::{
    Sessions,
    secret::{Exchange, Secret, is_nonce, nonce},
};

/// Time the page has for each of its messages.
const MESSAGE_TIMEOUT: Duration = Duration::from_secs(5);
/// Maximum length of a message of the page in bytes.
const MAX_MESSAGE_BYTES: usize = 1 << 10;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct First {
    hello: Hello,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Hello {
    kind: Kind,
    id: String,
    nonce: String,
}

/// The kind of the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Code,
    Browser,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Second {
    proof: String,
}

/// A browser that has proven itself.
#[derive(Debug)]
pub(crate) struct Proven {
    /// The id of the browser.
    pub(crate) browser: String,
    /// The place among the open sessions.
    pub(crate) _permit: OwnedSemaphorePermit,
}

/// The reason a handshake ended without a session.
enum Refusal {
    /// The page has gone or was too slow.
    Gone,
    /// The page is sent this reason.
    Reason(&'static str),
}

/// Carries out the handshake with a page at `host`. Returns `None` if it failed; the page was then
/// sent the reason.
pub(crate) async fn prove(socket: &mut WebSocket, sessions: &Sessions, host: &str) -> Option<Proven> {
    match exchange(socket, sessions, host).await {
        Ok(proven) => Some(proven),
        Err(Refusal::Gone) => None,
        Err(Refusal::Reason(reason)) => {
            // A page that has gone needs no reason.
            let _ = send(socket, json!({ "refused": reason })).await;
            let _ = socket.send(Message::Close(None)).await;
            None
        }
    }
}

async fn exchange(socket: &mut WebSocket, sessions: &Sessions, host: &str) -> Result<Proven, Refusal> {
    let First { hello } = receive(socket, sessions).await?;
    if !is_nonce(&hello.nonce) {
        return Err(Refusal::Reason("invalid"));
    }
    let secret = find(sessions, &hello, host).ok_or(Refusal::Reason("unknown"))?;
    let server_nonce = nonce();
    let exchange = Exchange { host, id: &hello.id, page_nonce: &hello.nonce, server_nonce: &server_nonce };
    let proof = secret.server_proof(exchange);
    send(socket, json!({"challenge": {"nonce": server_nonce, "proof": proof}})).await?;

    let Second { proof } = receive(socket, sessions).await?;
    if !secret.is_page_proof(exchange, &proof) {
        return Err(Refusal::Reason("proof"));
    }
    let permit = sessions.proven.clone().try_acquire_owned().map_err(|_| Refusal::Reason("busy"))?;
    let browser = match hello.kind {
        Kind::Code if !sessions.codes.use_up(&hello.id) => return Err(Refusal::Reason("unknown")),
        Kind::Code => sessions.browsers.add(host, secret.browser_key(exchange)).await,
        Kind::Browser => {
            sessions.browsers.touch(&hello.id).await;
            hello.id
        }
    };
    send(socket, json!({"ready": {"browser": browser}})).await?;
    Ok(Proven { browser, _permit: permit })
}

fn find(sessions: &Sessions, hello: &Hello, host: &str) -> Option<Secret> {
    match hello.kind {
        Kind::Code => sessions.codes.find(&hello.id),
        Kind::Browser => sessions.browsers.find(&hello.id, host),
    }
}

/// Receives the next message of the page.
async fn receive<T: serde::de::DeserializeOwned>(
    socket: &mut WebSocket,
    sessions: &Sessions,
) -> Result<T, Refusal> {
    let received = sessions.clock.timeout(MESSAGE_TIMEOUT, async {
        loop {
            match socket.recv().await {
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => return other,
            }
        }
    });
    match received.await {
        Ok(Some(Ok(Message::Text(text)))) if text.len() <= MAX_MESSAGE_BYTES => {
            serde_json::from_str(&text).map_err(|_| Refusal::Reason("invalid"))
        }
        Ok(Some(Ok(Message::Text(_) | Message::Binary(_)))) => Err(Refusal::Reason("invalid")),
        _ => Err(Refusal::Gone),
    }
}

async fn send(socket: &mut WebSocket, message: Value) -> Result<(), Refusal> {
    socket.send(Message::text(message.to_string())).await.map_err(|_| Refusal::Gone)
}
