//! The page in a real window, driven over the W3C WebDriver protocol by the driver of the window's browser engine.

use std::{
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    display::{Desktop, PATIENCE, Started},
    servers::free_port,
};

/// The name under which answers hold elements.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
const GLANCE: Duration = Duration::from_millis(100);
/// The key "control" among the characters that are typed.
const CONTROL: char = '\u{e009}';

/// The driver of WebKit's GTK port and the page it drives. The program is ended when this is dropped.
#[derive(Debug)]
pub struct WebDriver {
    client: reqwest::Client,
    driver: String,
    session: String,
    _process: Started,
}

impl WebDriver {
    /// Starts `program` on a desktop and takes over its page.
    pub async fn open(desktop: &Desktop, program: &Path, arguments: &[&str]) -> Result<Self> {
        let port = free_port()?;
        let mut command: Command = desktop.command("WebKitWebDriver");
        // Tauri lets its window be driven only when told so.
        command.arg(format!("--port={port}")).env("TAURI_WEBVIEW_AUTOMATION", "true");
        let log = std::fs::File::create(desktop.scratch().join("program.log"))?;
        command.stdout(log.try_clone()?).stderr(log);
        let process = Started(command.stdin(Stdio::null()).spawn().context("WebKitWebDriver")?);
        let client = tls::http_client_builder().no_proxy().build()?;
        let mut driver = Self {
            client,
            driver: format!("http://127.0.0.1:{port}"),
            session: String::new(),
            _process: process,
        };
        let options = json!({"binary": program, "args": arguments});
        let wanted = json!({"capabilities": {"alwaysMatch": {"webkitgtk:browserOptions": options}}});
        let begun = Instant::now();
        let opened = loop {
            match driver.ask(Method::POST, "/session", &wanted).await {
                Ok(opened) => break opened,
                // The driver needs a moment until it listens.
                Err(error) if error.is::<reqwest::Error>() && begun.elapsed() < PATIENCE => {
                    tokio::time::sleep(GLANCE).await;
                }
                Err(error) => return Err(error.context("the window cannot be driven")),
            }
        };
        let id = opened["sessionId"].as_str().with_context(|| format!("not a session: {opened}"))?;
        driver.session = format!("/session/{id}");
        Ok(driver)
    }

    async fn ask(&self, method: Method, path: &str, body: &Value) -> Result<Value> {
        let mut request = self.client.request(method.clone(), format!("{}{path}", self.driver));
        if method == Method::POST {
            request = request.json(body);
        }
        let answer: Value = request.timeout(PATIENCE).send().await?.json().await?;
        let value = &answer["value"];
        if let Some(error) = value["error"].as_str() {
            bail!("{error}: {}", value["message"].as_str().unwrap_or_default());
        }
        Ok(value.clone())
    }

    async fn post(&self, path: &str, body: Value) -> Result<Value> {
        self.ask(Method::POST, &format!("{}{path}", self.session), &body).await
    }

    async fn element(&self, xpath: &str) -> Result<String> {
        let found = self.post("/element", json!({"using": "xpath", "value": xpath})).await?;
        let id = found[ELEMENT].as_str().with_context(|| format!("not an element: {found}"))?;
        Ok(id.to_owned())
    }

    /// Does something with the element at `xpath` until that succeeds: pages draw their elements anew at any time.
    async fn until_done(&self, xpath: &str, action: impl AsyncFn(&str) -> Result<()>) -> Result<()> {
        let begun = Instant::now();
        loop {
            let done = match self.element(xpath).await {
                Ok(element) => action(&element).await,
                Err(error) => Err(error),
            };
            match done {
                Err(_) if begun.elapsed() < PATIENCE => tokio::time::sleep(GLANCE).await,
                done => return done.with_context(|| xpath.to_owned()),
            }
        }
    }

    /// Waits until there is an element at `xpath`.
    pub async fn see(&self, xpath: &str) -> Result<()> {
        self.until_done(xpath, async |_| Ok(())).await
    }

    /// Clicks the element at `xpath` once it is there and can be clicked.
    pub async fn click(&self, xpath: &str) -> Result<()> {
        self.until_done(xpath, async |element| {
            self.post(&format!("/element/{element}/click"), json!({})).await.map(drop)
        })
        .await
    }

    /// Types `text` into the field at `xpath` in place of what it holds.
    pub async fn fill(&self, xpath: &str, text: &str) -> Result<()> {
        self.until_done(xpath, async |element| {
            self.post(&format!("/element/{element}/click"), json!({})).await?;
            let keys = json!({"text": format!("{CONTROL}a{CONTROL}{text}")});
            self.post(&format!("/element/{element}/value"), keys).await.map(drop)
        })
        .await?;
        let begun = Instant::now();
        loop {
            let element = self.element(xpath).await?;
            let path = format!("{}/element/{element}/property/value", self.session);
            let held = self.ask(Method::GET, &path, &Value::Null).await?;
            if held == text {
                return Ok(());
            }
            if begun.elapsed() > PATIENCE {
                bail!("{xpath} holds {held}, not {text:?}");
            }
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Runs a script in the page, with `arguments`; its answer is that of the promise it returns.
    pub async fn run(&self, script: &str, arguments: Value) -> Result<Value> {
        let wrapped = format!(
            "const done = arguments[arguments.length - 1];
             Promise.resolve((() => {{ {script} }})()).then(
               value => done({{ value }}), error => done({{ error: error?.message ?? String(error) }}))"
        );
        let answer = self.post("/execute/async", json!({"script": wrapped, "args": [arguments]})).await?;
        if let Some(error) = answer["error"].as_str() {
            bail!("the page's script failed: {error}");
        }
        Ok(answer["value"].clone())
    }

    /// The text that the page shows.
    pub async fn text(&self) -> Result<String> {
        let text = self.run("return document.body.innerText", Value::Null).await?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// Loads the page anew.
    pub async fn reload(&self) -> Result<()> {
        self.post("/refresh", json!({})).await.map(drop)
    }

    /// Keeps a picture of the page.
    pub async fn picture(&self, file: &Path) -> Result<()> {
        let path = format!("{}/screenshot", self.session);
        let picture = self.ask(Method::GET, &path, &Value::Null).await?;
        let bytes = STANDARD.decode(picture.as_str().context("not a picture")?)?;
        Ok(std::fs::write(file, bytes)?)
    }
}
