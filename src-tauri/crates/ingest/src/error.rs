//! The errors that end a receiver.

/// The failure that ended a receiver.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IngestError {
    /// The socket has no address.
    #[error("the address of the socket cannot be read: {0}")]
    Address(#[source] std::io::Error),
    /// Other machines would reach a receiver without TLS and a token.
    #[error("other machines reach {0}, which has neither TLS nor a token")]
    Unprotected(std::net::SocketAddr),
    /// The StatsD socket failed.
    #[error("the StatsD socket failed: {0}")]
    Statsd(#[source] std::io::Error),
}
