//! A real Prometheus that scrapes itself or receives remote write, and forwards the samples.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::servers::free_port;

/// A running server, ended when dropped.
pub struct Prometheus {
    folder: TempDir,
    address: String,
    process: Child,
}

impl Prometheus {
    /// Starts a server that scrapes itself every second as the job `prometheus`.
    ///
    /// It sends the samples to `url` at once and the metadata every five seconds.
    pub fn start(url: &str) -> Result<Self> {
        Self::start_sending(&format!("url: {url}"))
    }

    /// Starts the same server, which trusts an authority and sends the token in a file.
    pub fn start_protected(url: &str, authority: &Path, token: &Path) -> Result<Self> {
        Self::start_sending(&format!(
            "url: {url}\n    authorization: {{credentials_file: {token:?}}}\n    \
             tls_config: {{ca_file: {authority:?}}}"
        ))
    }

    /// Starts the server with the first lines of its remote write.
    fn start_sending(remote: &str) -> Result<Self> {
        let (folder, address) = Self::folder_and_address()?;
        let targets = folder.path().join("targets.json");
        fs::write(&targets, format!(r#"[{{"targets": ["{address}"]}}]"#))?;
        let settings = format!(
            "global:\n  scrape_interval: 1s\n\
             scrape_configs:\n  - job_name: prometheus\n    file_sd_configs:\n      - files: [{targets:?}]\n        \
             refresh_interval: 1s\n\
             remote_write:\n  - {remote}\n    queue_config:\n      batch_send_deadline: 200ms\n    \
             metadata_config:\n      send_interval: 5s\n"
        );
        Self::run(folder, address, &settings, &[])
    }

    /// Starts a server that receives remote write with native histograms.
    ///
    /// It exposes the samples at `/federate` and sends them to `url`.
    pub fn start_receiver(url: &str) -> Result<Self> {
        let (folder, address) = Self::folder_and_address()?;
        let settings = format!(
            "remote_write:\n  - url: {url}\n    send_native_histograms: true\n    queue_config:\n      \
             batch_send_deadline: 200ms\n"
        );
        let switches = ["--enable-feature=native-histograms", "--web.enable-remote-write-receiver"];
        Self::run(folder, address, &settings, &switches)
    }

    /// Starts a server that scrapes paths of one address every three seconds, each as a target.
    pub fn start_scraping(target: &str, paths: &[String]) -> Result<Self> {
        let (folder, address) = Self::folder_and_address()?;
        let targets: String = paths
            .iter()
            .map(|path| {
                format!("      - targets: ['{target}']\n        labels: {{ __metrics_path__: '{path}' }}\n")
            })
            .collect();
        let settings = format!(
            "global:\n  scrape_interval: 3s\n  scrape_timeout: 3s\nscrape_configs:\n  - job_name: paths\n    static_configs:\n{targets}\
             \n    relabel_configs:\n      - source_labels: [__metrics_path__]\n        target_label: path\n"
        );
        Self::run(folder, address, &settings, &[])
    }

    /// Starts a server that receives remote write and answers queries.
    pub fn start_database() -> Result<Self> {
        let (folder, address) = Self::folder_and_address()?;
        let switches = ["--web.enable-remote-write-receiver", "--query.max-samples=500000000"];
        Self::run(folder, address, "global: {}\n", &switches)
    }

    fn folder_and_address() -> Result<(TempDir, String)> {
        let folder = tempfile::Builder::new().prefix("binnacle-prometheus-").tempdir()?;
        Ok((folder, format!("127.0.0.1:{}", free_port()?)))
    }

    fn run(folder: TempDir, address: String, settings: &str, switches: &[&str]) -> Result<Self> {
        fs::write(folder.path().join("prometheus.yml"), settings)?;
        let log = File::create(folder.path().join("log"))?;
        let process = Command::new("prometheus")
            .arg(format!("--config.file={}", folder.path().join("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .args(switches)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .context("cannot start prometheus; install the package `prometheus`")?;
        Ok(Self { folder, address, process })
    }

    /// Returns host and port, which is also the label `instance`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Adds an address to scrape, in the same job.
    pub fn add_target(&self, address: &str) -> Result<()> {
        self.set_targets(&format!(r#"[{{"targets": ["{}", "{address}"]}}]"#, self.address))
    }

    /// Removes its targets, so that every scraped series ends.
    pub fn remove_targets(&self) -> Result<()> {
        self.set_targets("[]")
    }

    fn set_targets(&self, list: &str) -> Result<()> {
        let fresh = self.folder.path().join("fresh");
        fs::write(&fresh, list)?;
        Ok(fs::rename(fresh, self.folder.path().join("targets.json"))?)
    }

    /// Returns its log so far.
    pub fn log(&self) -> String {
        let path: PathBuf = self.folder.path().join("log");
        fs::read_to_string(path).unwrap_or_default()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
