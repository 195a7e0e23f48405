//! A real `binnacle-cli serve` for tests and benchmarks: on free ports, in a temporary folder,
//! killed when dropped.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::Arc,
};

use anyhow::{Context, Result, ensure};
use model::{EngineStatus, HealthState};
use parking_lot::Mutex;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    engine_client::EngineClient,
    wait::{TIMEOUT, wait_for},
};

/// Settings with a free port for every receiver and without desktop notifications.
pub const SETTINGS: &str = "\
[listen]
otlp_grpc = \"127.0.0.1:0\"
otlp_http = \"127.0.0.1:0\"
remote_write = \"127.0.0.1:0\"
statsd = \"127.0.0.1:0\"
web = \"127.0.0.1:0\"

[alerts]
desktop_notifications = false
";

/// Returns the path of `binnacle-cli`: the one that `BINNACLE_CLI` names, or the one built beside
/// this program.
pub fn program() -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("BINNACLE_CLI") {
        return Ok(named.into());
    }
    let current = std::env::current_exe()?;
    let name = format!("binnacle-cli{}", std::env::consts::EXE_SUFFIX);
    // A test program is in a folder below.
    current
        .ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join(&name))
        .find(|program| program.exists())
        .with_context(|| format!("{name} is not beside {}: cargo build -p binnacle-cli", current.display()))
}

/// Returns the command `binnacle-cli` with `arguments` on a data folder.
///
/// It has no session bus, so it reaches no keyring and no notification service of the user.
pub fn command(data: &Path, arguments: &[&str]) -> Result<Command> {
    let mut command = Command::new(program()?);
    command.arg("--data").arg(data).args(arguments).stdin(Stdio::null());
    command.env_remove("DBUS_SESSION_BUS_ADDRESS").env_remove("RUST_LOG");
    Ok(command)
}

/// An engine on a temporary folder, which can be stopped and started again.
#[derive(Debug)]
pub struct EngineProcess {
    folder: Arc<TempDir>,
    process: Option<Child>,
    address: String,
    client: Option<EngineClient>,
    output: Arc<Mutex<Vec<String>>>,
    environment: Vec<(String, OsString)>,
}

impl EngineProcess {
    /// Starts an engine on a new folder with [`SETTINGS`] and waits until every receiver listens.
    pub async fn start() -> Result<Self> {
        let mut engine = Self::prepare(SETTINGS)?;
        engine.start_again().await?;
        Ok(engine)
    }

    /// Creates a folder with these settings. No engine runs on it yet.
    pub fn prepare(settings: &str) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("binnacle-engine-").tempdir()?;
        fs::create_dir(folder.path().join("data"))?;
        let engine = Self {
            folder: Arc::new(folder),
            process: None,
            address: String::new(),
            client: None,
            output: Arc::default(),
            environment: Vec::new(),
        };
        fs::write(engine.settings_file(), settings)?;
        Ok(engine)
    }

    /// Sets a variable in the environment of the next starts.
    pub fn set_environment(&mut self, name: &str, value: impl Into<OsString>) {
        self.environment.push((name.to_owned(), value.into()));
    }

    /// Starts the engine on its folder and waits until every receiver listens.
    pub async fn start_again(&mut self) -> Result<()> {
        self.launch(&[]).await?;
        self.wait_for_status("every receiver listens", |status| {
            status.listeners.len() >= 3
                && status.listeners.iter().all(|listener| listener.state == HealthState::Healthy)
        })
        .await?;
        Ok(())
    }

    /// Starts the engine with further arguments for `serve` and waits only for its ready line.
    pub async fn launch(&mut self, arguments: &[&str]) -> Result<()> {
        self.kill()?;
        let mut arguments = arguments.to_vec();
        arguments.insert(0, "serve");
        let mut command = command(&self.data(), &arguments)?;
        let log = File::options().create(true).append(true).open(self.log_file())?;
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let mut process = command.stdout(Stdio::piped()).stderr(log).spawn()?;
        let output = process.stdout.take().context("no standard output")?;
        self.process = Some(process);
        let (sender, first_line) = tokio::sync::oneshot::channel();
        let further = Arc::clone(&self.output);
        std::thread::spawn(move || {
            let mut lines = BufReader::new(output).lines();
            // The receiver is dropped if the ready line came too late.
            let _ = sender.send(lines.next());
            lines.map_while(Result::ok).for_each(|line| further.lock().push(line));
        });
        let line = tokio::time::timeout(TIMEOUT, first_line)
            .await
            .with_context(|| format!("no ready line: {}", self.log()))??
            .with_context(|| format!("the engine ended: {}", self.log()))??;
        let address = line.strip_prefix("ready ").with_context(|| format!("not a ready line: {line:?}"))?;
        self.address = address.to_owned();
        self.client = Some(EngineClient::new(&self.socket()?)?);
        Ok(())
    }

    /// Returns the data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Returns a folder beside the data for files of a test, removed with the engine.
    pub fn scratch(&self) -> &Path {
        self.folder.path()
    }

    /// Returns the settings file.
    pub fn settings_file(&self) -> PathBuf {
        self.data().join("settings.toml")
    }

    /// Returns the standard error of every run so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// Returns the lines of standard output after the ready lines.
    pub fn output(&self) -> Vec<String> {
        self.output.lock().clone()
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// Returns the address of the console, such as `http://127.0.0.1:7171`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Returns the note in the data folder that leads other programs to the engine.
    pub fn note(&self) -> PathBuf {
        self.data().join("engine.json")
    }

    /// Returns the path of the socket for programs of the same user.
    pub fn socket(&self) -> Result<PathBuf> {
        let note: Value = serde_json::from_slice(&fs::read(self.note())?)?;
        Ok(note["socket"].as_str().context("no socket in the note")?.into())
    }

    /// Returns a client of the engine's socket.
    pub fn client(&self) -> Result<&EngineClient> {
        self.client.as_ref().context("the engine was not started")
    }

    /// Returns a new link to the console, as `binnacle-cli open --print` prints it.
    pub fn link(&self) -> Result<String> {
        let output = command(&self.data(), &["open", "--print"])?.output()?;
        ensure!(output.status.success(), "open: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    /// Returns the process id of the running engine.
    pub fn process_id(&self) -> Result<u32> {
        self.process.as_ref().map(Child::id).context("the engine does not run")
    }

    /// Calls a command of the API and returns its decoded answer.
    pub async fn call<T: DeserializeOwned>(&self, name: &str, arguments: Value) -> Result<T> {
        let bytes = self.download(name, arguments).await?;
        serde_json::from_slice(&bytes).with_context(|| format!("the answer of {name}"))
    }

    /// Calls a command of the API and returns the bytes of its answer.
    pub async fn download(&self, name: &str, arguments: Value) -> Result<Vec<u8>> {
        self.client()?.download(name, &arguments).await
    }

    /// Returns the status of the engine.
    pub async fn status(&self) -> Result<EngineStatus> {
        self.call("status", json!({})).await
    }

    /// Returns the address of a listener (`otlp_grpc`, `otlp_http`, `remote_write`, `statsd` or
    /// `web`).
    pub async fn listener(&self, protocol: &str) -> Result<SocketAddr> {
        let status = self.status().await?;
        let listener = status.listeners.iter().find(|listener| listener.protocol == protocol);
        let listener = listener.with_context(|| format!("no listener for {protocol}"))?;
        listener.address.parse().with_context(|| listener.address.clone())
    }

    /// Polls the status until it is as `wanted`, and returns it. `condition` names it in errors.
    pub async fn wait_for_status(
        &self,
        condition: &str,
        wanted: impl Fn(&EngineStatus) -> bool,
    ) -> Result<EngineStatus> {
        wait_for(condition, async || {
            let status = self.status().await?;
            ensure!(wanted(&status), "the status is {status:#?}");
            Ok(Some(status))
        })
        .await
    }

    /// Kills the process with SIGKILL and waits for its end.
    pub fn kill(&mut self) -> Result<()> {
        if let Some(mut process) = self.process.take() {
            process.kill()?;
            process.wait()?;
        }
        Ok(())
    }

    /// Stops the process with SIGTERM and returns its exit status.
    pub async fn stop(&mut self) -> Result<ExitStatus> {
        let id = self.process_id()?.to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status()?;
        ensure!(sent.success(), "cannot send SIGTERM to process {id}");
        self.wait_for_end().await
    }

    /// Waits until the process ends and returns its exit status.
    pub async fn wait_for_end(&mut self) -> Result<ExitStatus> {
        let process = self.process.as_mut().context("the engine does not run")?;
        let ended = wait_for("the engine ends", async || Ok(process.try_wait()?)).await;
        let status = ended.with_context(|| format!("the engine's log: {}", self.log()))?;
        self.process = None;
        Ok(status)
    }
}

impl Drop for EngineProcess {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the engine's log:\n{}", self.log());
        }
        // A process that is gone already cannot be killed.
        let _ = self.kill();
    }
}
