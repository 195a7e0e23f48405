//! The server and user that the secret of a check belongs to.

use std::fmt;

/// A server and a user. A secret is sent to no other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SecretTarget {
    /// The protocol, with its encryption.
    pub(crate) scheme: String,
    /// Host name or address.
    pub(crate) host: String,
    /// Port.
    pub(crate) port: u16,
    /// User; empty if the secret has none.
    pub(crate) user: String,
}

impl SecretTarget {
    /// Creates the target of a protocol that is encrypted or not.
    pub(crate) fn of(protocol: &str, tls: bool, host: &str, port: u16, user: &str) -> Self {
        Self {
            scheme: if tls { format!("{protocol}+tls") } else { protocol.to_owned() },
            host: host.to_lowercase(),
            port,
            user: user.to_owned(),
        }
    }
}

impl fmt::Display for SecretTarget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scheme, host, port, user } = self;
        let user = if user.is_empty() { String::new() } else { format!("{user}@") };
        write!(formatter, "{scheme}://{user}{}", crate::connection::address(host, *port))
    }
}
