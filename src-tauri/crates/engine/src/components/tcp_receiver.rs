//! A receiver that listens on a TCP port of its own.

use runtime::{Clock, HealthReporter};
use std::{future::Future, pin::Pin, sync::Arc};

use async_trait::async_trait;
use config::Settings;
use ingest::{IngestError, IntakeBudget, IntakeCounters, Listener};
use model::ListenerAccess;
use store::Store;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{
    component::Component,
    handles::SourceHandles,
    listen::{self, ListenError},
    protection::{self, LoadedProtection, ProtectionFiles},
    spec::{ComponentSpec, ReceiverAddress},
};
use crate::status::{Protocol, Receivers};

/// The future of a server that runs until its token is cancelled.
pub(super) type Serving = Pin<Box<dyn Future<Output = Result<(), IngestError>> + Send>>;

/// Serves a protocol on a listener.
pub(super) type Serve =
    fn(Listener, Store, Clock, Arc<IntakeCounters>, IntakeBudget, CancellationToken) -> Serving;

struct TcpReceiver {
    protocol: Protocol,
    address: String,
    files: ProtectionFiles,
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
    settings: &Settings,
    serve: Serve,
    handles: &SourceHandles,
) -> Vec<ComponentSpec> {
    if address.is_empty() {
        return Vec::new();
    }
    let files = ProtectionFiles::from(&settings.listen);
    let receiver = TcpReceiver {
        protocol,
        address: address.to_owned(),
        files: files.clone(),
        serve,
        store: handles.store.with_source(protocol.name),
        clock: handles.clock.clone(),
        receivers: handles.receivers.clone(),
        budget: handles.budget.clone(),
    };
    vec![ComponentSpec::receiver(ReceiverAddress { protocol, address: address.to_owned() }, files, receiver)]
}

impl TcpReceiver {
    /// Opens the socket. One that other machines reach comes with its protection.
    async fn open(&self) -> Result<(TcpListener, Option<LoadedProtection>), ListenError> {
        let access = |access| self.receivers.set_access(self.protocol.name, access);
        let addresses = protection::resolve(&self.address).await?;
        if protection::is_local(&addresses) {
            access(ListenerAccess::Local);
            return Ok((TcpListener::bind(&addresses[..]).await?, None));
        }
        let loaded = self.files.load().await.map_err(|error| {
            access(ListenerAccess::Refused);
            ListenError::Unprotected(error.reason().to_owned())
        })?;
        access(ListenerAccess::Protected);
        Ok((TcpListener::bind(&addresses[..]).await?, Some(loaded)))
    }
}

#[async_trait]
impl Component for TcpReceiver {
    async fn run(&self, health: HealthReporter, stop: CancellationToken) -> Result<(), String> {
        let attempt = || self.open();
        let Some((socket, protection)) =
            listen::open(&self.clock, self.protocol, &self.address, attempt, &health, &stop).await
        else {
            return Ok(());
        };
        let bound = socket.local_addr().map_or(self.address.clone(), |bound| bound.to_string());
        let counters = self.receivers.register(self.protocol, &bound, health.clone());
        health.healthy();
        let listener = match &protection {
            Some(loaded) => Listener::protected(socket, loaded.protection()),
            None => socket.into(),
        };
        let (store, clock, budget) = (self.store.clone(), self.clock.clone(), self.budget.clone());
        let serving = (self.serve)(listener, store, clock, counters, budget, stop);
        let Some(loaded) = protection else { return listen::report_end(serving.await, &health) };
        tokio::select! {
            served = serving => listen::report_end(served, &health),
            reason = loaded.follow(&health, &self.clock) => Err(reason),
        }
    }
}
