//! The socket of a receiver, with what protects it from other machines.

use std::{io, sync::Arc};

use axum::http::{HeaderMap, header};
use parking_lot::RwLock;
use sha2::{Digest as _, Sha256};
use tls::{ServerIdentity, ServerStream};
use tokio::net::{TcpListener, TcpStream};

use crate::{error::IngestError, rejection::Rejection};

/// Minimum length of a token in characters. A shorter one can be guessed.
const MIN_TOKEN_LENGTH: usize = 16;
/// The authentication scheme of the token (RFC 6750).
const SCHEME: &str = "Bearer ";

/// A socket with its protection.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    protection: Option<Protection>,
}

impl Listener {
    /// Creates a listener that speaks TLS and requires the token.
    pub fn protected(socket: TcpListener, protection: Protection) -> Self {
        Self { socket, protection: Some(protection) }
    }

    /// Returns the socket and its protection. Fails if other machines reach it without one.
    pub(crate) fn open(self) -> Result<(TcpListener, Option<Protection>), IngestError> {
        let address = self.socket.local_addr().map_err(IngestError::Address)?;
        if self.protection.is_none() && !address.ip().to_canonical().is_loopback() {
            return Err(IngestError::Unprotected(address));
        }
        Ok((self.socket, self.protection))
    }
}

impl From<TcpListener> for Listener {
    /// Creates a listener without protection. It serves on a loopback address only.
    fn from(socket: TcpListener) -> Self {
        Self { socket, protection: None }
    }
}

/// A bearer token, of which only the hash is in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token([u8; 32]);

impl Token {
    /// Reads the token from the contents of its file. Fails with a reason if it is too short, or
    /// has characters that a header cannot carry.
    pub fn parse(contents: &[u8]) -> Result<Self, String> {
        let token = contents.trim_ascii();
        if !token.iter().all(u8::is_ascii_graphic) {
            return Err("holds characters that a token cannot have".to_owned());
        }
        if token.len() < MIN_TOKEN_LENGTH {
            return Err(format!(
                "holds a token with fewer than {MIN_TOKEN_LENGTH} characters; `openssl rand -hex 32` makes one"
            ));
        }
        Ok(Self::hash(token))
    }

    /// A comparison of hashes shows nothing about the token by the time it takes.
    fn hash(token: &[u8]) -> Self {
        Self(Sha256::digest(token).into())
    }
}

/// The certificate and the token of a receiver, which can be replaced while it runs. Clones share
/// them.
#[derive(Debug, Clone)]
pub struct Protection(Arc<RwLock<(ServerIdentity, Token)>>);

impl Protection {
    /// Creates a protection.
    pub fn new(identity: ServerIdentity, token: Token) -> Self {
        Self(Arc::new(RwLock::new((identity, token))))
    }

    /// Replaces certificate and token for later handshakes and requests.
    pub fn replace(&self, identity: ServerIdentity, token: Token) {
        *self.0.write() = (identity, token);
    }

    /// Performs the handshake with a client.
    pub(crate) async fn accept(&self, stream: TcpStream) -> io::Result<ServerStream> {
        let identity = self.0.read().0.clone();
        identity.accept(stream).await
    }

    /// Fails unless the headers of a request have the token.
    pub(crate) fn check(&self, headers: &HeaderMap) -> Result<(), Rejection> {
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return Err(Rejection::Unauthenticated(
                "the request needs one header Authorization: Bearer TOKEN",
            ));
        };
        let sent = value.as_bytes().split_at_checked(SCHEME.len());
        let Some((_, sent)) = sent.filter(|(scheme, _)| scheme.eq_ignore_ascii_case(SCHEME.as_bytes()))
        else {
            return Err(Rejection::Unauthenticated("the header Authorization is not Bearer TOKEN"));
        };
        if Token::hash(sent.trim_ascii()) == self.0.read().1 {
            Ok(())
        } else {
            Err(Rejection::Unauthenticated("the token is wrong"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_long_and_printable() {
        assert_eq!(Token::parse(b" 0123456789abcdef\n"), Token::parse(b"0123456789abcdef"));
        for bad in [&b""[..], b"\n", b"0123456789abcde", b"0123456789 abcdef", b"0123456789abcde\xfc"] {
            assert!(Token::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[tokio::test]
    async fn an_unprotected_listener_is_refused_beyond_loopback() {
        for (address, accepted) in
            [("127.0.0.1:0", true), ("127.9.9.9:0", true), ("0.0.0.0:0", false), ("[::]:0", false)]
        {
            let Ok(socket) = TcpListener::bind(address).await else {
                assert_eq!(address, "[::]:0", "only IPv6 may be missing");
                continue;
            };
            assert_eq!(Listener::from(socket).open().is_ok(), accepted, "{address}");
        }
    }
}
