//! Opening of connections, and their failures in plain words.

use std::io;

use runtime::Clock;
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::net::TcpStream;

use crate::{
    failure::{Failure, without_descriptors},
    outcome::Measurements,
};

/// Returns `host:port`, with the brackets that an IPv6 address needs.
pub(crate) fn address(host: &str, port: u16) -> String {
    if host.contains(':') && !host.starts_with('[') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}

/// Connects to the first address of `host` that answers. Measures `connect_seconds`, name
/// resolution included.
pub(crate) async fn open(
    host: &str,
    port: u16,
    clock: &Clock,
    measurements: &mut Measurements,
) -> Result<TcpStream, Failure> {
    let started = clock.instant();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let candidates = tokio::net::lookup_host((bare, port)).await.map_err(|error| {
        Failure::own(&error)
            .or_else(without_descriptors)
            .unwrap_or_else(|| format!("cannot resolve host \"{host}\"").into())
    })?;
    let mut failure: Failure = format!("host \"{host}\" has no address").into();
    for candidate in candidates {
        match TcpStream::connect(candidate).await {
            Ok(stream) => {
                measurements.insert("connect_seconds".into(), (clock.instant() - started).as_secs_f64());
                return Ok(stream);
            }
            Err(error) => failure = describe(&error, &address(host, port)),
        }
    }
    Err(failure)
}

/// Returns an error of the system about the connection to `address`, in plain words.
pub(crate) fn describe(error: &io::Error, address: &str) -> Failure {
    if let Some(own) = Failure::own(error) {
        return own;
    }
    match error.kind() {
        io::ErrorKind::ConnectionRefused => format!("connection refused by {address}"),
        io::ErrorKind::HostUnreachable => format!("no route to {address}"),
        io::ErrorKind::NetworkUnreachable => format!("the network of {address} is unreachable"),
        io::ErrorKind::TimedOut => format!("no answer from {address}"),
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => {
            format!("connection reset by {address}")
        }
        io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe => {
            format!("{address} closed the connection")
        }
        io::ErrorKind::NotFound => format!("there is no socket {address}"),
        io::ErrorKind::PermissionDenied => format!("no permission to connect to {address}"),
        _ => format!("connection to {address} failed: {error}"),
    }
    .into()
}

/// Returns the settings of encrypted connections. Reading the system's certificates takes
/// milliseconds, so they are read once and on a thread that may block.
pub(crate) async fn tls_config() -> Result<ClientConfig, String> {
    tokio::task::spawn_blocking(tls::system_config)
        .await
        .map_err(|error| error.to_string())?
        .map_err(|error| format!("cannot prepare an encrypted connection: {error}"))
}

/// Returns the host as a certificate names it.
pub(crate) fn server_name(host: &str) -> Result<ServerName<'static>, String> {
    let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    ServerName::try_from(bare).map_err(|_| format!("{host:?} is not a host name or an address"))
}

/// Returns the failure of a connection in words if it is one of TLS.
pub(crate) fn tls_failure(error: &(dyn std::error::Error + 'static), address: &str) -> Option<String> {
    let failure = cause::<rustls::Error>(error)?;
    Some(format!("encrypted connection to {address} failed: {}", tls::describe(failure)))
}

/// Returns the innermost cause of an error that is an `E`.
pub(crate) fn cause<'a, E: std::error::Error + 'static>(
    error: &'a (dyn std::error::Error + 'static),
) -> Option<&'a E> {
    let mut found = None;
    let mut next = Some(error);
    while let Some(current) = next {
        found = current.downcast_ref::<E>().or(found);
        // An I/O error that carries another error names that one's cause as its own source.
        next = match current.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => current.source(),
        };
    }
    found
}
