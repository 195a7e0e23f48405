//! The measured programs: Binnacle and the databases in Debian.

use std::time::Duration;

use anyhow::{Result, ensure};
use test_support::engine_process::EngineProcess;

use crate::{
    folder::bytes_in,
    server::Server,
    settings::{QUIET, RECEIVERS},
};

/// A program that receives remote write.
pub(crate) enum Contender {
    Binnacle(Box<EngineProcess>),
    VictoriaMetrics(Server),
    Prometheus(Server),
}

/// Waits until no merge has run for five seconds.
async fn wait_for_merges(server: &Server) -> Result<()> {
    let (mut quiet, mut polls) = (0, tokio::time::interval(Duration::from_millis(500)));
    while quiet < 10 {
        polls.tick().await;
        let merging = server.metric("vm_active_force_merges").await?
            + server.metric("vm_active_merges{type=\"storage/big\"}").await?
            + server.metric("vm_active_merges{type=\"storage/small\"}").await?;
        quiet = if merging == 0.0 { quiet + 1 } else { 0 };
    }
    Ok(())
}

/// Returns the number of parts that store the samples.
async fn parts(server: &Server) -> Result<f64> {
    Ok(server.metric("vm_parts{type=\"storage/big\"}").await?
        + server.metric("vm_parts{type=\"storage/small\"}").await?)
}

impl Contender {
    pub(crate) async fn binnacle() -> Result<Self> {
        let mut engine = EngineProcess::prepare(&format!("{RECEIVERS}{QUIET}"))?;
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
        Ok(Self::Prometheus(Server::prometheus("scrape_configs: []\n", &[]).await?))
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
            Self::VictoriaMetrics(server) | Self::Prometheus(server) => Ok(server.process_id()),
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
                wait_for_merges(server).await?;
                let by_itself = bytes_in(&server.data())?;
                // A forced merge skips the parts of running merges.
                for _ in 0..20 {
                    tls::http_client().get(format!("{base}/force_merge")).send().await?;
                    wait_for_merges(server).await?;
                    if parts(server).await? <= 1.0 {
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
