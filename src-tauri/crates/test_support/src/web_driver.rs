//! The page in a real window, driven over the W3C WebDriver protocol.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail, ensure};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    display::{Desktop, Started},
    servers::free_port,
    wait::{TIMEOUT, wait_for, wait_until},
};

/// The key of an element in answers.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// The key "control" among typed characters.
const CONTROL: char = '\u{e009}';

/// The driver of WebKit's GTK port and the page it drives. Dropping it ends the program.
#[derive(Debug)]
pub struct WebDriver {
    client: reqwest::Client,
    driver: String,
    session: String,
    _process: Started,
}

impl WebDriver {
    /// Starts `program` on a desktop and takes control of its page.
    pub async fn open(desktop: &Desktop, program: &Path, arguments: &[&str]) -> Result<Self> {
        let port = free_port()?;
        let mut command: Command = desktop.command("WebKitWebDriver");
        // Tauri allows automation of its window only with this variable.
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
        let opened = wait_for("the driver listens", async || {
            match driver.request(Method::POST, "/session", &wanted).await {
                Err(error) if error.is::<reqwest::Error>() => Err(error),
                answered => Ok(Some(answered)),
            }
        });
        let opened = opened.await.flatten().context("cannot open a session")?;
        let id = opened["sessionId"].as_str().with_context(|| format!("not a session: {opened}"))?;
        driver.session = format!("/session/{id}");
        Ok(driver)
    }

    async fn request(&self, method: Method, path: &str, body: &Value) -> Result<Value> {
        let mut request = self.client.request(method.clone(), format!("{}{path}", self.driver));
        if method == Method::POST {
            request = request.json(body);
        }
        let answer: Value = request.timeout(TIMEOUT).send().await?.json().await?;
        let value = &answer["value"];
        if let Some(error) = value["error"].as_str() {
            bail!("{error}: {}", value["message"].as_str().unwrap_or_default());
        }
        Ok(value.clone())
    }

    async fn post(&self, path: &str, body: Value) -> Result<Value> {
        self.request(Method::POST, &format!("{}{path}", self.session), &body).await
    }

    async fn element(&self, xpath: &str) -> Result<String> {
        let found = self.post("/element", json!({"using": "xpath", "value": xpath})).await?;
        let id = found[ELEMENT].as_str().with_context(|| format!("not an element: {found}"))?;
        Ok(id.to_owned())
    }

    /// Applies `action` to the element at `xpath` until it succeeds: pages redraw elements at any
    /// time.
    async fn retry(&self, xpath: &str, action: impl AsyncFn(&str) -> Result<()>) -> Result<()> {
        wait_until(xpath, async || {
            let element = self.element(xpath).await?;
            action(&element).await?;
            Ok(true)
        })
        .await
    }

    /// Waits until there is an element at `xpath`.
    pub async fn wait_for_element(&self, xpath: &str) -> Result<()> {
        self.retry(xpath, async |_| Ok(())).await
    }

    /// Clicks the element at `xpath` once it exists and can be clicked.
    pub async fn click(&self, xpath: &str) -> Result<()> {
        self.retry(xpath, async |element| {
            self.post(&format!("/element/{element}/click"), json!({})).await.map(drop)
        })
        .await
    }

    /// Replaces the content of the field at `xpath` with `text`.
    pub async fn fill(&self, xpath: &str, text: &str) -> Result<()> {
        self.retry(xpath, async |element| {
            self.post(&format!("/element/{element}/click"), json!({})).await?;
            let keys = json!({"text": format!("{CONTROL}a{CONTROL}{text}")});
            self.post(&format!("/element/{element}/value"), keys).await.map(drop)
        })
        .await?;
        self.wait_for_value(xpath, text).await
    }

    /// Waits until the field at `xpath` has the content `text`.
    pub async fn wait_for_value(&self, xpath: &str, text: &str) -> Result<()> {
        wait_until("the field has the text", async || {
            let element = self.element(xpath).await?;
            let path = format!("{}/element/{element}/property/value", self.session);
            let value = self.request(Method::GET, &path, &Value::Null).await?;
            ensure!(value == text, "{xpath} has {value}, not {text:?}");
            Ok(true)
        })
        .await
    }

    /// Runs a script in the page with `arguments` and returns the value of its promise.
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

    /// Returns the visible text of the page.
    pub async fn text(&self) -> Result<String> {
        let text = self.run("return document.body.innerText", Value::Null).await?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// Reloads the page.
    pub async fn reload(&self) -> Result<()> {
        self.post("/refresh", json!({})).await.map(drop)
    }

    /// Saves a screenshot of the page.
    pub async fn screenshot(&self, file: &Path) -> Result<()> {
        let path = format!("{}/screenshot", self.session);
        let screenshot = self.request(Method::GET, &path, &Value::Null).await?;
        let bytes = STANDARD.decode(screenshot.as_str().context("not a screenshot")?)?;
        Ok(std::fs::write(file, bytes)?)
    }
}
