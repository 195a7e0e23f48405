//! A Prometheus target that exposes a new number at each scrape.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::Result;
use axum::{Router, routing::get};
use tokio::{net::TcpListener, task::JoinHandle};

/// Name of the metric that carries the numbers.
pub const SCRAPED_METRIC: &str = "numbered_scraped";

/// A running target, stopped when dropped.
#[derive(Debug)]
pub struct CountingTarget {
    address: SocketAddr,
    served: Arc<AtomicU64>,
    serving: JoinHandle<()>,
}

impl CountingTarget {
    /// Starts a target on a free port.
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let served = Arc::new(AtomicU64::new(0));
        let next = Arc::clone(&served);
        let answer = async move || {
            let number = next.fetch_add(1, Ordering::Relaxed);
            format!("# TYPE {SCRAPED_METRIC} gauge\n{SCRAPED_METRIC} {number}\n")
        };
        let routes = Router::new().route("/metrics", get(answer));
        // Runs until it is aborted.
        let serving = tokio::spawn(async move { drop(axum::serve(listener, routes).await) });
        Ok(Self { address, served, serving })
    }

    /// Returns the URL to scrape.
    pub fn url(&self) -> String {
        format!("http://{}/metrics", self.address)
    }

    /// Returns the number of scrapes served. They got the numbers from 0 up to this one.
    pub fn served(&self) -> u64 {
        self.served.load(Ordering::Relaxed)
    }
}

impl Drop for CountingTarget {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
