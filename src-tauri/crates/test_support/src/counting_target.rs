//! A Prometheus target that tells a new number each time it is asked.

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

/// The metric of the numbers.
pub const SCRAPED_METRIC: &str = "numbered_scraped";

/// The target; it ends when dropped.
#[derive(Debug)]
pub struct CountingTarget {
    address: SocketAddr,
    told: Arc<AtomicU64>,
    serving: JoinHandle<()>,
}

impl CountingTarget {
    /// Listens on a free port.
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let told = Arc::new(AtomicU64::new(0));
        let next = Arc::clone(&told);
        let answer = async move || {
            let number = next.fetch_add(1, Ordering::Relaxed);
            format!("# TYPE {SCRAPED_METRIC} gauge\n{SCRAPED_METRIC} {number}\n")
        };
        let routes = Router::new().route("/metrics", get(answer));
        // Runs until it is aborted.
        let serving = tokio::spawn(async move { drop(axum::serve(listener, routes).await) });
        Ok(Self { address, told, serving })
    }

    /// Where it is asked.
    pub fn url(&self) -> String {
        format!("http://{}/metrics", self.address)
    }

    /// How many numbers it has told, from 0 on.
    pub fn told(&self) -> u64 {
        self.told.load(Ordering::Relaxed)
    }
}

impl Drop for CountingTarget {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
