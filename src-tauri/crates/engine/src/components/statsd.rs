//! Receives StatsD over UDP and over a Unix socket.

use runtime::{Clock, HealthReporter};
use std::time::Duration;

use async_trait::async_trait;
use config::Settings;
use ingest::{IntakeBudget, StatsdOptions, StatsdSocket};
use model::ListenerAccess;
use store::Store;
use tokio_util::sync::CancellationToken;

use super::{
    component::Component,
    handles::SourceHandles,
    listen::{self, ListenError},
    protection,
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

impl Statsd {
    /// Opens the socket. One that other machines reach needs the setting that allows it.
    async fn open(&self) -> Result<StatsdSocket, ListenError> {
        let access = |access| self.receivers.set_access(self.transport.protocol().name, access);
        match self.transport {
            Transport::Udp => {
                let addresses = protection::resolve(&self.address).await?;
                let is_local = protection::is_local(&addresses);
                if !is_local && !self.settings.non_local_traffic {
                    access(ListenerAccess::Refused);
                    let reason = "statsd.non_local_traffic is not set, which accepts that UDP has neither \
                                  encryption nor a token";
                    return Err(ListenError::Unprotected(reason.to_owned()));
                }
                access(if is_local { ListenerAccess::Local } else { ListenerAccess::Unprotected });
                Ok(StatsdSocket::udp(&addresses)?)
            }
            #[cfg(unix)]
            Transport::Unix => Ok(StatsdSocket::unix(std::path::Path::new(&self.address))?),
            #[cfg(not(unix))]
            Transport::Unix => Err(ListenError::Bind(std::io::Error::new(
                std::io::ErrorKind::Unsupported,
                "this system has no Unix sockets for datagrams",
            ))),
        }
    }
}

#[async_trait]
impl Component for Statsd {
    async fn run(&self, health: HealthReporter, stop: CancellationToken) -> Result<(), String> {
        let protocol = self.transport.protocol();
        let attempt = || self.open();
        let Some(socket) = listen::open(&self.clock, protocol, &self.address, attempt, &health, &stop).await
        else {
            return Ok(());
        };
        let counters = self.receivers.register(protocol, &socket.address(), health.clone());
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
}
