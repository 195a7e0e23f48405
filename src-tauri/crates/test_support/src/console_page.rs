//! The console's page as the engine sees it: the handshake of its session, and its calls.

use anyhow::{Context as _, Result, bail, ensure};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::{SinkExt as _, StreamExt as _};
use ring::hmac;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Message, client::IntoClientRequest as _},
};
use url::{Position, Url};

/// A secret that opens a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// `code` or `browser`.
    pub kind: &'static str,
    /// The id of the secret.
    pub id: String,
    /// The secret.
    pub key: Vec<u8>,
}

impl Credential {
    /// Returns the code of a link, and the host and port of its address.
    pub fn of_link(link: &str) -> Result<(Self, String)> {
        let url = Url::parse(link)?;
        let code = url.fragment().and_then(|fragment| fragment.strip_prefix("code="));
        let (id, secret) =
            code.and_then(|code| code.split_once('.')).with_context(|| format!("no code in {link}"))?;
        let credential = Self { kind: "code", id: id.to_owned(), key: URL_SAFE_NO_PAD.decode(secret)? };
        Ok((credential, url[Position::BeforeHost..Position::AfterPort].to_owned()))
    }

    /// Returns the proof of a page whose address has `host`.
    pub fn page_proof(&self, host: &str, page_nonce: &str, server_nonce: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.mac("page", host, page_nonce, server_nonce))
    }

    fn mac(&self, label: &str, host: &str, page_nonce: &str, server_nonce: &str) -> Vec<u8> {
        let message = [label, host, &self.id, page_nonce, server_nonce].join("\n");
        hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &self.key), message.as_bytes()).as_ref().to_vec()
    }
}

/// A connection of a page.
#[derive(Debug)]
pub struct ConsolePage {
    socket: WebSocketStream<TcpStream>,
    next_call: u64,
}

impl ConsolePage {
    /// Connects to `address` with the headers of a page at `host`.
    pub async fn connect(address: &str, host: &str) -> Result<Self> {
        let mut request = format!("ws://{host}/api/session").into_client_request()?;
        request.headers_mut().insert("origin", format!("http://{host}").parse()?);
        let stream = TcpStream::connect(address).await?;
        let (socket, _) = tokio_tungstenite::client_async(request, stream).await?;
        Ok(Self { socket, next_call: 1 })
    }

    /// Opens a session with a link.
    pub async fn open(link: &str) -> Result<(Self, Credential)> {
        let (code, host) = Credential::of_link(link)?;
        let mut page = Self::connect(&host, &host).await?;
        let browser = page.prove(&code, &host).await?;
        Ok((page, browser))
    }

    /// Carries out the handshake of a page whose address has `host`, and returns the key of the
    /// browser. Fails with `false proof` before the page's proof is sent.
    pub async fn prove(&mut self, credential: &Credential, host: &str) -> Result<Credential> {
        let (page_nonce, server_nonce, proof) = self.hello(credential).await?;
        ensure!(proof == credential.mac("server", host, &page_nonce, &server_nonce), "false proof");
        let own = credential.page_proof(host, &page_nonce, &server_nonce);
        self.send(json!({ "proof": own })).await?;
        let ready = self.receive().await?;
        let id = ready["ready"]["browser"].as_str().with_context(|| ready.to_string())?.to_owned();
        let key = match credential.kind {
            "code" => credential.mac("browser", host, &page_nonce, &server_nonce),
            _ => credential.key.clone(),
        };
        Ok(Credential { kind: "browser", id, key })
    }

    /// Sends the hello and returns both nonces and the server's proof.
    pub async fn hello(&mut self, credential: &Credential) -> Result<(String, String, Vec<u8>)> {
        let page_nonce = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
        self.send(json!({"hello": {"kind": credential.kind, "id": credential.id, "nonce": page_nonce}}))
            .await?;
        let answer = self.receive().await?;
        let text = |name: &str| answer["challenge"][name].as_str().with_context(|| answer.to_string());
        Ok((page_nonce, text("nonce")?.to_owned(), URL_SAFE_NO_PAD.decode(text("proof")?)?))
    }

    /// Sends a message.
    pub async fn send(&mut self, message: Value) -> Result<()> {
        Ok(self.socket.send(Message::text(message.to_string())).await?)
    }

    /// Receives the next text message. Fails once the connection is closed.
    pub async fn receive(&mut self) -> Result<Value> {
        match self.next().await? {
            Message::Text(text) => Ok(serde_json::from_str(&text)?),
            other => bail!("not text: {other:?}"),
        }
    }

    /// Receives the next message. Fails once the connection is closed.
    pub async fn next(&mut self) -> Result<Message> {
        match self.socket.next().await.context("the connection ended")?? {
            Message::Close(_) => bail!("the connection is closed"),
            message => Ok(message),
        }
    }

    /// Calls a command and returns its value, or fails with its error.
    pub async fn call(&mut self, name: &str, arguments: Value) -> Result<Value> {
        let id = self.next_call;
        self.next_call += 1;
        self.send(json!({"call": id, "name": name, "args": arguments})).await?;
        let mut answer = self.receive().await?;
        ensure!(answer["reply"] == id, "{answer}");
        ensure!(answer["error"].is_null(), "{}", answer["error"]);
        Ok(answer["value"].take())
    }
}
