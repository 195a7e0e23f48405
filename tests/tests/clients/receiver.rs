//! A receiver with a store of its own in this process.

use std::{net::SocketAddr, sync::Arc};

use ingest::{
    IngestError, IntakeBudget, IntakeCounters, serve_otlp_grpc, serve_otlp_http, serve_remote_write,
};
use runtime::Clock;
use store::{Store, StoreOptions};
use test_support::wait::TIMEOUT;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// A protocol over TCP.
pub(crate) enum Protocol {
    OtlpGrpc,
    OtlpHttp,
    RemoteWrite,
}

/// A receiver that listens on a free port.
pub(crate) struct Receiver {
    pub(crate) store: Store,
    pub(crate) counters: Arc<IntakeCounters>,
    address: SocketAddr,
    stop: CancellationToken,
    server: JoinHandle<Result<(), IngestError>>,
    _folder: tempfile::TempDir,
}

impl Receiver {
    pub(crate) async fn start(protocol: Protocol) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), StoreOptions::default()).unwrap();
        let counters = Arc::new(IntakeCounters::default());
        let (budget, stop) = (IntakeBudget::default(), CancellationToken::new());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (to, clock, counted, end) = (store.clone(), Clock::system(), counters.clone(), stop.clone());
        let server = match protocol {
            Protocol::OtlpGrpc => tokio::spawn(serve_otlp_grpc(listener, to, clock, counted, budget, end)),
            Protocol::OtlpHttp => tokio::spawn(serve_otlp_http(listener, to, clock, counted, budget, end)),
            Protocol::RemoteWrite => {
                tokio::spawn(serve_remote_write(listener, to, clock, counted, budget, end))
            }
        };
        Self { store, counters, address, stop, server, _folder: folder }
    }

    /// Returns the address of the receiver, such as `http://127.0.0.1:4317`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the address for remote write.
    pub(crate) fn write_url(&self) -> String {
        format!("{}/api/v1/write", self.url())
    }

    /// Stops the receiver and waits for its end.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        tokio::time::timeout(TIMEOUT, self.server).await.unwrap().unwrap().unwrap();
    }
}
