//! Another program with an HTTP address, in a folder of its own.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, Result};
use serde_json::Value;
use tempfile::TempDir;
use test_support::{display::Started, servers::free_port, wait::wait_until};

/// The process of another program, with its folder. It ends when dropped.
pub(crate) struct Server {
    process: Started,
    folder: TempDir,
    pub(crate) address: String,
}

impl Server {
    /// Starts a program with the arguments for its folder and address. Waits until it answers.
    pub(crate) async fn start(
        program: &str,
        arguments: impl Fn(&Path, &str) -> Result<Vec<String>>,
    ) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("binnacle-contender-").tempdir()?;
        let address = format!("127.0.0.1:{}", free_port()?);
        let log = File::create(folder.path().join("log"))?;
        let mut command = Command::new(program);
        command.args(arguments(folder.path(), &address)?).stdin(Stdio::null());
        let process =
            Started(command.stdout(log.try_clone()?).stderr(log).spawn().context(program.to_owned())?);
        let metrics = format!("http://{address}/metrics");
        wait_until(&format!("{program} answers"), async || {
            Ok(tls::http_client().get(&metrics).send().await?.status().is_success())
        })
        .await?;
        Ok(Self { process, folder, address })
    }

    /// Starts Prometheus with these settings and files in its folder. It receives remote write,
    /// and reads its settings again on request.
    pub(crate) async fn prometheus(settings: &str, files: &[(&str, String)]) -> Result<Self> {
        Self::start("prometheus", |folder, address| {
            for (name, content) in files {
                std::fs::write(folder.join(name), content)?;
            }
            let path = folder.join("prometheus.yml");
            std::fs::write(&path, settings)?;
            Ok(vec![
                format!("--config.file={}", path.display()),
                format!("--storage.tsdb.path={}", folder.join("data").display()),
                "--storage.tsdb.retention.time=10y".to_owned(),
                format!("--web.listen-address={address}"),
                "--web.enable-remote-write-receiver".to_owned(),
                "--web.enable-lifecycle".to_owned(),
                "--web.enable-admin-api".to_owned(),
            ])
        })
        .await
    }

    pub(crate) fn process_id(&self) -> u32 {
        Child::id(&self.process.0)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Returns the value of the first self metric whose line begins with `name`.
    pub(crate) async fn metric(&self, name: &str) -> Result<f64> {
        self.metrics(name).await?.first().copied().with_context(|| name.to_owned())
    }

    /// Returns the values of all self metrics whose lines begin with `name`.
    pub(crate) async fn metrics(&self, name: &str) -> Result<Vec<f64>> {
        let text =
            tls::http_client().get(format!("http://{}/metrics", self.address)).send().await?.text().await?;
        let lines = text.lines().filter(|line| line.starts_with(name));
        lines.map(|line| Ok(line.rsplit(' ').next().unwrap_or_default().parse()?)).collect()
    }

    /// Returns the JSON that a path of the HTTP API answers.
    pub(crate) async fn json(&self, path: &str) -> Result<Value> {
        Ok(tls::http_client().get(format!("http://{}{path}", self.address)).send().await?.json().await?)
    }
}
