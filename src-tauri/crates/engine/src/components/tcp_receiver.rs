//! A receiver that listens on a TCP port of its own.

use runtime::{Clock, HealthReporter};
use std::{future::Future, pin::Pin, sync::Arc};

use async_trait::async_trait;
use ingest::{IngestError, IntakeBudget, IntakeCounters};
use store::Store;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{
    component::Component,
    handles::SourceHandles,
    listen,
    spec::{ComponentSpec, ReceiverAddress},
};
use crate::status::{Protocol, Receivers};

/// The future of a server that runs until its token is cancelled.
pub(super) type Serving = Pin<Box<dyn Future<Output = Result<(), IngestError>> + Send>>;

/// Serves a protocol on a listener.
pub(super) type Serve =
    fn(TcpListener, Store, Clock, Arc<IntakeCounters>, IntakeBudget, CancellationToken) -> Serving;

struct TcpReceiver {
    protocol: Protocol,
    address: String,
    serve: Serve,
    store: Store,
    clock: Clock,
    receivers: Receivers,
    budget: IntakeBudget,
}

/// Makes the spec of a TCP receiver. None if the address is empty.
pub(super) fn spec(
    protocol: Protocol,
    address: &str,
    serve: Serve,
    handles: &SourceHandles,
) -> Vec<ComponentSpec> {
    if address.is_empty() {
        return Vec::new();
    }
    let receiver = TcpReceiver {
        protocol,
        address: address.to_owned(),
        serve,
        store: handles.store.with_source(protocol.name),
        clock: handles.clock.clone(),
        receivers: handles.receivers.clone(),
        budget: handles.budget.clone(),
    };
    vec![ComponentSpec::receiver(ReceiverAddress { protocol, address: address.to_owned() }, (), receiver)]
}

#[async_trait]
impl Component for TcpReceiver {
    async fn run(&self, health: HealthReporter, stop: CancellationToken) -> Result<(), String> {
        let bind = || TcpListener::bind(&self.address);
        let Some(listener) =
            listen::open(&self.clock, self.protocol, &self.address, bind, &health, &stop).await
        else {
            return Ok(());
        };
        let bound = listener.local_addr().map_or(self.address.clone(), |bound| bound.to_string());
        let counters = self.receivers.register(self.protocol.name, &bound, health.clone());
        health.healthy();
        let (store, clock, budget) = (self.store.clone(), self.clock.clone(), self.budget.clone());
        let served = (self.serve)(listener, store, clock, counters, budget, stop).await;
        listen::report_end(served, &health)
    }
}
