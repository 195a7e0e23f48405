//! The measured programs: Binnacle and the databases in Debian.

use std::{
    fs::File,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;
use test_support::{display::Started, engine_process::EngineProcess, servers::free_port, wait::wait_until};

use crate::folder::bytes_in;

/// Settings of a Binnacle that only receives.
const SETTINGS: &str = "\
[listen]
otlp_grpc = \"127.0.0.1:0\"
otlp_http = \"127.0.0.1:0\"
remote_write = \"127.0.0.1:0\"
statsd = \"\"
web = \"127.0.0.1:0\"

[alerts]
desktop_notifications = false

[host]
enabled = false

[analysis]
enabled = false
";

/// A program that receives remote write.
pub(crate) enum Contender {
    Binnacle(Box<EngineProcess>),
    VictoriaMetrics(Server),
    Prometheus(Server),
}

/// The process of another database, with its folder.
pub(crate) struct Server {
    process: Started,
    folder: TempDir,
    address: String,
}

impl Server {
    async fn start(program: &str, arguments: impl Fn(&Path, &str) -> Result<Vec<String>>) -> Result<Self> {
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

    fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    /// Waits until no merge has run for five seconds.
    async fn wait_for_merges(&self) -> Result<()> {
        let (mut quiet, mut polls) = (0, tokio::time::interval(Duration::from_millis(500)));
        while quiet < 10 {
            polls.tick().await;
            let merging = self.metric("vm_active_force_merges").await?
                + self.metric("vm_active_merges{type=\"storage/big\"}").await?
                + self.metric("vm_active_merges{type=\"storage/small\"}").await?;
            quiet = if merging == 0.0 { quiet + 1 } else { 0 };
        }
        Ok(())
    }

    /// Returns the number of parts that store its samples.
    async fn parts(&self) -> Result<f64> {
        Ok(self.metric("vm_parts{type=\"storage/big\"}").await?
            + self.metric("vm_parts{type=\"storage/small\"}").await?)
    }

    async fn metric(&self, name: &str) -> Result<f64> {
        let text =
            tls::http_client().get(format!("http://{}/metrics", self.address)).send().await?.text().await?;
        let line = text.lines().find(|line| line.starts_with(name)).with_context(|| name.to_owned())?;
        Ok(line.rsplit(' ').next().unwrap_or_default().parse()?)
    }
}

impl Contender {
    pub(crate) async fn binnacle() -> Result<Self> {
        let mut engine = EngineProcess::prepare(SETTINGS)?;
        engine.start_again().await?;
        Ok(Self::Binnacle(Box::new(engine)))
    }

    pub(crate) async fn victoria_metrics() -> Result<Self> {
        let server = Server::start("victoria-metrics", |folder, address| {
            Ok(vec![
                format!("-storageDataPath={}", folder.join("data").display()),
                format!("-httpListenAddr={address}"),
                "-retentionPeriod=10y".to_owned(),
            ])
        });
        Ok(Self::VictoriaMetrics(server.await?))
    }

    pub(crate) async fn prometheus() -> Result<Self> {
        let server = Server::start("prometheus", |folder, address| {
            let settings = folder.join("prometheus.yml");
            std::fs::write(&settings, "scrape_configs: []\n")?;
            Ok(vec![
                format!("--config.file={}", settings.display()),
                format!("--storage.tsdb.path={}", folder.join("data").display()),
                "--storage.tsdb.retention.time=10y".to_owned(),
                format!("--web.listen-address={address}"),
                "--web.enable-remote-write-receiver".to_owned(),
                "--web.enable-admin-api".to_owned(),
            ])
        });
        Ok(Self::Prometheus(server.await?))
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Binnacle(_) => "Binnacle",
            Self::VictoriaMetrics(_) => "VictoriaMetrics",
            Self::Prometheus(_) => "Prometheus",
        }
    }

    /// Returns the URL for requests.
    pub(crate) async fn url(&self) -> Result<String> {
        let address = match self {
            Self::Binnacle(engine) => engine.listener("remote_write").await?.to_string(),
            Self::VictoriaMetrics(server) | Self::Prometheus(server) => server.address.clone(),
        };
        Ok(format!("http://{address}/api/v1/write"))
    }

    pub(crate) fn process_id(&self) -> Result<u32> {
        match self {
            Self::Binnacle(engine) => engine.process_id(),
            Self::VictoriaMetrics(server) | Self::Prometheus(server) => Ok(Child::id(&server.process.0)),
        }
    }

    /// Returns the number of samples that it reports to store.
    pub(crate) async fn samples(&self) -> Result<u64> {
        Ok(match self {
            Self::Binnacle(engine) => engine.status().await?.committed.samples,
            Self::VictoriaMetrics(server) => {
                // The latest samples are counted once they are searchable.
                tls::http_client()
                    .get(format!("http://{}/internal/force_flush", server.address))
                    .send()
                    .await?;
                server.metric("vm_rows_inserted_total{type=\"promremotewrite\"}").await? as u64
            }
            Self::Prometheus(server) => {
                server.metric("prometheus_tsdb_head_samples_appended_total").await? as u64
            }
        })
    }

    /// Returns the bytes on disk soon after the load, and those after a forced merge where that
    /// makes a difference.
    ///
    /// Binnacle seals and merges first, as it does by itself at the end of a day.
    pub(crate) async fn stored_bytes(&mut self) -> Result<(u64, Option<u64>)> {
        match self {
            Self::Binnacle(engine) => {
                ensure!(engine.stop().await?.success(), "the engine did not end well");
                let data = engine.data();
                let folder = data.clone();
                let open = move || store::Store::open(&folder, store::StoreOptions::default());
                let store = tokio::task::spawn_blocking(open.clone()).await??;
                store.admin().seal_now().await?;
                store.admin().compact().await?;
                store.close().await?;
                // The next start frees the space of the points that are sealed now.
                tokio::task::spawn_blocking(open).await??.close().await?;
                Ok((bytes_in(&data)?, None))
            }
            Self::VictoriaMetrics(server) => {
                let base = format!("http://{}/internal", server.address);
                tls::http_client().get(format!("{base}/force_flush")).send().await?;
                server.wait_for_merges().await?;
                let by_itself = bytes_in(&server.data())?;
                // A forced merge skips the parts of running merges.
                for _ in 0..20 {
                    tls::http_client().get(format!("{base}/force_merge")).send().await?;
                    server.wait_for_merges().await?;
                    if server.parts().await? <= 1.0 {
                        break;
                    }
                }
                Ok((by_itself, Some(bytes_in(&server.data())?)))
            }
            Self::Prometheus(server) => {
                let snapshot = format!("http://{}/api/v1/admin/tsdb/snapshot", server.address);
                let answer = tls::http_client().post(snapshot).send().await?;
                ensure!(answer.status().is_success(), "{}", answer.text().await?);
                Ok((bytes_in(&server.data().join("snapshots"))?, None))
            }
        }
    }
}
