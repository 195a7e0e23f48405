//! Receives StatsD over UDP and over a Unix socket.

use runtime::{Clock, HealthReporter};
use std::{io, time::Duration};

use async_trait::async_trait;
use config::Settings;
use ingest::{IntakeBudget, StatsdOptions, StatsdSocket};
use store::Store;
use tokio_util::sync::CancellationToken;

use super::{
    component::Component,
    handles::SourceHandles,
    listen,
    spec::{ComponentSpec, ReceiverAddress},
};
use crate::status::{Protocol, Receivers};

/// The transport of a StatsD receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Transport {
    Udp,
    Unix,
}

struct Statsd {
    transport: Transport,
    address: String,
    settings: config::Statsd,
    store: Store,
    clock: Clock,
    receivers: Receivers,
    budget: IntakeBudget,
}

/// Makes the specs of the receivers, one per transport.
pub(super) fn specs(settings: &Settings, handles: &SourceHandles) -> Vec<ComponentSpec> {
    let udp = handles.addresses.statsd.as_ref().unwrap_or(&settings.listen.statsd);
    [(Transport::Udp, udp), (Transport::Unix, &settings.listen.statsd_socket)]
        .into_iter()
        .filter(|(_, address)| !address.is_empty())
        .map(|(transport, address)| {
            let protocol = transport.protocol();
            let component = Statsd {
                transport,
                address: address.clone(),
                settings: settings.statsd.clone(),
                store: handles.store.with_source(protocol.name),
                clock: handles.clock.clone(),
                receivers: handles.receivers.clone(),
                budget: handles.budget.clone(),
            };
            let receiver = ReceiverAddress { protocol, address: address.clone() };
            ComponentSpec::receiver(receiver, settings.statsd.clone(), component)
        })
        .collect()
}

#[async_trait]
impl Component for Statsd {
    async fn run(&self, health: HealthReporter, stop: CancellationToken) -> Result<(), String> {
        let protocol = self.transport.protocol();
        let attempt = || self.transport.open(&self.address);
        let Some(socket) = listen::open(&self.clock, protocol, &self.address, attempt, &health, &stop).await
        else {
            return Ok(());
        };
        let counters = self.receivers.register(protocol.name, &socket.address(), health.clone());
        health.healthy();
        let options = StatsdOptions {
            interval: Duration::from_secs(u64::from(self.settings.interval_seconds.max(1))),
            service: self.settings.service.clone(),
        };
        let (store, clock, budget) = (self.store.clone(), self.clock.clone(), self.budget.clone());
        let served =
            ingest::serve_statsd(socket, options, store, clock, counters, budget, health.clone(), stop).await;
        listen::report_end(served, &health)
    }
}

impl Transport {
    /// Returns the protocol. Its name is also the name of the setting.
    fn protocol(self) -> Protocol {
        match self {
            Self::Udp => Protocol { name: "statsd", title: "StatsD over UDP" },
            Self::Unix => Protocol { name: "statsd_socket", title: "StatsD over a Unix socket" },
        }
    }

    async fn open(self, address: &str) -> io::Result<StatsdSocket> {
        match self {
            Self::Udp => StatsdSocket::udp(address).await,
            #[cfg(unix)]
            Self::Unix => StatsdSocket::unix(std::path::Path::new(address)),
            #[cfg(not(unix))]
            Self::Unix => Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "this system has no Unix sockets for datagrams",
            )),
        }
    }
}
