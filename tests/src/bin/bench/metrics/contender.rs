//! Who is measured: Binnacle and the databases that Debian has.

use std::{
    fs::File,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;
use test_support::{
    display::Started,
    engine_process::{EngineProcess, PATIENCE},
    servers::free_port,
};

use crate::folder::bytes_in;

/// Settings of a Binnacle that does nothing but receive.
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

/// A program that takes remote write.
pub(crate) enum Contender {
    Binnacle(Box<EngineProcess>),
    VictoriaMetrics(Server),
    Prometheus(Server),
}

/// A rival's process, with a folder of its own.
pub(crate) struct Server {
    process: Started,
    folder: TempDir,
    address: String,
}

impl Server {
    async fn start(program: &str, arguments: impl Fn(&Path, &str) -> Result<Vec<String>>) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("binnacle-rival-").tempdir()?;
        let address = format!("127.0.0.1:{}", free_port()?);
        let log = File::create(folder.path().join("log"))?;
        let mut command = Command::new(program);
        command.args(arguments(folder.path(), &address)?).stdin(Stdio::null());
        let process =
            Started(command.stdout(log.try_clone()?).stderr(log).spawn().context(program.to_owned())?);
        let begun = Instant::now();
        let metrics = format!("http://{address}/metrics");
        while !tls::http_client().get(&metrics).send().await.is_ok_and(|answer| answer.status().is_success())
        {
            ensure!(begun.elapsed() < PATIENCE, "{program} does not answer");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(Self { process, folder, address })
    }

    fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    /// Waits until it merges nothing any more.
    async fn quiet(&self) -> Result<()> {
        let mut quiet = 0;
        while quiet < 10 {
            tokio::time::sleep(Duration::from_millis(500)).await;
            let merging = self.metric("vm_active_force_merges").await?
                + self.metric("vm_active_merges{type=\"storage/big\"}").await?
                + self.metric("vm_active_merges{type=\"storage/small\"}").await?;
            quiet = if merging == 0.0 { quiet + 1 } else { 0 };
        }
        Ok(())
    }

    /// The parts that its samples lie in.
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

    /// Where requests are posted to.
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

    /// Samples it says it holds.
    pub(crate) async fn samples(&self) -> Result<u64> {
        Ok(match self {
            Self::Binnacle(engine) => engine.status().await?.committed.samples,
            Self::VictoriaMetrics(server) => {
                // What was taken last is counted once it is searchable.
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

    /// Bytes on disk soon after the load, and once told to merge as far as it can, where that is something else. Binnacle
    /// is told to seal and merge first, which it does by itself when a day is over.
    pub(crate) async fn bytes_kept(&mut self) -> Result<(u64, Option<u64>)> {
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
                // The next start gives back the room that unsealed points took.
                tokio::task::spawn_blocking(open).await??.close().await?;
                Ok((bytes_in(&data)?, None))
            }
            Self::VictoriaMetrics(server) => {
                let base = format!("http://{}/internal", server.address);
                tls::http_client().get(format!("{base}/force_flush")).send().await?;
                server.quiet().await?;
                let by_itself = bytes_in(&server.data())?;
                // A merge that is asked for while others run leaves their parts out.
                for _ in 0..20 {
                    tls::http_client().get(format!("{base}/force_merge")).send().await?;
                    server.quiet().await?;
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
