//! The ways in that listen: which there are, how they are, and what came through them.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use ingest::{IngestError, IntakeCounters, StatsdOptions, StatsdSocket};
use model::{HealthState, ListenerStatus, PartReporter};
use store::Store;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// How long to wait before a port that was in use is tried again.
const RETRY: Duration = Duration::from_secs(5);

/// One way in.
#[derive(Debug, Clone)]
struct Entry {
    protocol: &'static str,
    address: String,
    reporter: PartReporter,
    counters: Arc<IntakeCounters>,
}

/// All ways in of an engine. Clones share the list.
#[derive(Debug, Clone, Default)]
pub struct Intake {
    entries: Arc<Mutex<Vec<Entry>>>,
}

/// A protocol that is served on a port of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    OtlpGrpc,
    OtlpHttp,
    RemoteWrite,
}

impl Protocol {
    fn name(self) -> &'static str {
        match self {
            Self::OtlpGrpc => "otlp_grpc",
            Self::OtlpHttp => "otlp_http",
            Self::RemoteWrite => "remote_write",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::OtlpGrpc => "OTLP over gRPC",
            Self::OtlpHttp => "OTLP over HTTP",
            Self::RemoteWrite => "Prometheus remote write",
        }
    }
}

/// What StatsD comes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Datagrams {
    Udp,
    Unix,
}

impl Datagrams {
    /// The name of the way in, which is also its setting.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Udp => "statsd",
            Self::Unix => "statsd_socket",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Udp => "StatsD over UDP",
            Self::Unix => "StatsD over a Unix socket",
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
                "Unix sockets for datagrams are not there on this system",
            )),
        }
    }
}

impl Intake {
    /// Lists a way in; one of the same protocol is replaced. What it receives is counted in the answer.
    pub fn register(
        &self,
        protocol: &'static str,
        address: &str,
        reporter: PartReporter,
    ) -> Arc<IntakeCounters> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let counters = entries
            .iter()
            .position(|entry| entry.protocol == protocol)
            .map(|position| entries.remove(position).counters)
            .unwrap_or_default();
        entries.push(Entry { protocol, address: address.to_owned(), reporter, counters: counters.clone() });
        entries.sort_by_key(|entry| entry.protocol);
        counters
    }

    /// Takes a way in off the list.
    pub(crate) fn forget(&self, protocol: &'static str) {
        self.entries
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|entry| entry.protocol != protocol);
    }

    /// All ways in.
    pub fn statuses(&self) -> Vec<ListenerStatus> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner).clone();
        entries
            .into_iter()
            .map(|entry| {
                let (received, refused, last_received) = entry.counters.snapshot();
                let part = entry.reporter.status();
                ListenerStatus {
                    protocol: entry.protocol.to_owned(),
                    address: entry.address,
                    state: part.state,
                    message: if part.message.is_empty() {
                        entry.counters.warning().to_owned()
                    } else {
                        part.message
                    },
                    received,
                    refused,
                    rejected: entry.counters.rejected_records(),
                    last_received,
                }
            })
            .collect()
    }

    /// Lists a protocol that is about to be served on `address`; its state is unknown until then.
    pub(crate) fn list(&self, protocol: Protocol, address: &str) -> PartReporter {
        let reporter = PartReporter::new(protocol.title());
        self.register(protocol.name(), address, reporter.clone());
        reporter
    }

    /// Waits until every way in either accepts traffic or has said why it cannot.
    pub(crate) async fn settled(&self) {
        while self.statuses().iter().any(|listener| listener.state == HealthState::Unknown) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Serves a protocol on `address` until `stop`. A port in use is reported and tried again.
    pub(crate) async fn serve(
        &self,
        protocol: Protocol,
        address: String,
        reporter: PartReporter,
        store: Store,
        stop: CancellationToken,
    ) -> Result<(), String> {
        let way = (protocol.title(), protocol.name(), address.as_str());
        let Some(listener) = open(way, || TcpListener::bind(&address), &reporter, &stop).await else {
            return Ok(());
        };
        let bound = listener.local_addr().map_or(address.clone(), |bound| bound.to_string());
        let counters = self.register(protocol.name(), &bound, reporter.clone());
        reporter.healthy();
        told(
            match protocol {
                Protocol::OtlpGrpc => ingest::serve_otlp_grpc(listener, store, counters, stop).await,
                Protocol::OtlpHttp => ingest::serve_otlp_http(listener, store, counters, stop).await,
                Protocol::RemoteWrite => ingest::serve_remote_write(listener, store, counters, stop).await,
            },
            &reporter,
        )
    }

    /// Lists a socket for StatsD that is about to be opened.
    pub(crate) fn list_datagrams(&self, through: Datagrams, address: &str) -> PartReporter {
        let reporter = PartReporter::new(through.title());
        self.register(through.name(), address, reporter.clone());
        reporter
    }

    /// Receives StatsD until `stop`. An address in use is reported and tried again.
    pub(crate) async fn serve_statsd(
        &self,
        through: Datagrams,
        address: String,
        settings: config::Statsd,
        reporter: PartReporter,
        store: Store,
        stop: CancellationToken,
    ) -> Result<(), String> {
        let way = (through.title(), through.name(), address.as_str());
        let Some(socket) = open(way, || through.open(&address), &reporter, &stop).await else {
            return Ok(());
        };
        let counters = self.register(through.name(), &socket.address(), reporter.clone());
        reporter.healthy();
        let options = StatsdOptions {
            interval: Duration::from_secs(u64::from(settings.interval_seconds.max(1))),
            service: settings.service,
        };
        told(ingest::serve_statsd(socket, options, store, counters, reporter.clone(), stop).await, &reporter)
    }

    pub(crate) fn protocol_name(protocol: Protocol) -> &'static str {
        protocol.name()
    }
}

/// Opens a way in, given as its title, its setting and its address, as often as it takes; nothing once stopped.
async fn open<T, F: Future<Output = io::Result<T>>>(
    (title, setting, address): (&str, &str, &str),
    attempt: impl Fn() -> F,
    reporter: &PartReporter,
    stop: &CancellationToken,
) -> Option<T> {
    let mut told = false;
    while !stop.is_cancelled() {
        let error = match attempt().await {
            Ok(opened) => return Some(opened),
            Err(error) => error,
        };
        let message = bind_message(title, setting, address, &error);
        if !told {
            tracing::error!("{message}");
            told = true;
        }
        reporter.report(HealthState::Unhealthy, message);
        tokio::select! {
            () = tokio::time::sleep(RETRY) => {}
            () = stop.cancelled() => {}
        }
    }
    None
}

/// How serving ended, told through the reporter if it failed.
fn told(served: Result<(), IngestError>, reporter: &PartReporter) -> Result<(), String> {
    served.map_err(|error| {
        reporter.report(HealthState::Unhealthy, error.to_string());
        error.to_string()
    })
}

/// What to tell when a port cannot be had.
pub(crate) fn bind_message(title: &str, setting: &str, address: &str, error: &io::Error) -> String {
    let reason = match error.kind() {
        io::ErrorKind::AddrInUse => format!("{address} is in use by another program"),
        io::ErrorKind::PermissionDenied => format!("this user may not listen on {address}"),
        io::ErrorKind::AddrNotAvailable => format!("{address} is not an address of this machine"),
        _ => format!("cannot listen on {address}: {error}"),
    };
    format!(
        "{title} is not received: {reason}. Stop that program or set listen.{setting} to another address; \
         Binnacle tries again every {} s",
        RETRY.as_secs()
    )
}
