//! The server side of TLS: a certificate with its key, and the handshake with a client.

use std::{io, sync::Arc};

use rustls::{
    Error, ServerConfig,
    pki_types::{PrivateKeyDer, pem::PemObject},
};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::{Certificate, certificates, describe, pem::refuse_encrypted, provider};

/// A connection whose handshake has succeeded.
pub type ServerStream = tokio_rustls::server::TlsStream<TcpStream>;

/// The certificate of a server with its key. Clones share them.
#[derive(Clone)]
pub struct ServerIdentity {
    certificate: Certificate,
    acceptor: TlsAcceptor,
}

impl std::fmt::Debug for ServerIdentity {
    /// Shows the certificate, not the key.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("ServerIdentity").field(&self.certificate).finish()
    }
}

/// The reason why a certificate and a key are no identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdentityError {
    /// The certificate cannot be used.
    Certificate(String),
    /// The key cannot be used, or belongs to another certificate.
    Key(String),
}

impl ServerIdentity {
    /// Creates an identity from a certificate chain and its key, both in PEM. The key may be in
    /// PKCS#8, PKCS#1 or SEC1.
    ///
    /// Clients may speak TLS 1.2 or 1.3, and HTTP/1.1 or HTTP/2 in it.
    pub fn from_pem(certificate: &[u8], key: &[u8]) -> Result<Self, IdentityError> {
        let chain = certificates(certificate).map_err(IdentityError::Certificate)?;
        let parsed = chain.first().and_then(|first| Certificate::parse(first));
        let Some(parsed) = parsed else {
            return Err(IdentityError::Certificate("holds no certificate that can be read".to_owned()));
        };
        refuse_encrypted(key).map_err(IdentityError::Key)?;
        let key = PrivateKeyDer::from_pem_slice(key)
            .map_err(|error| IdentityError::Key(format!("holds no private key: {error}")))?;
        let config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key));
        let mut config = config.map_err(|error| match error {
            Error::InconsistentKeys(_) => IdentityError::Key("is the key of another certificate".to_owned()),
            Error::InvalidCertificate(_) => IdentityError::Certificate(describe(&error)),
            other => IdentityError::Key(describe(&other)),
        })?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self { certificate: parsed, acceptor: Arc::new(config).into() })
    }

    /// Returns the fields of the certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Performs the handshake with a client.
    pub async fn accept(&self, stream: TcpStream) -> io::Result<ServerStream> {
        self.acceptor.accept(stream).await
    }
}
