//! Clients that trust the authorities of the system, for HTTP and for other protocols.

use std::sync::{Arc, OnceLock};

use reqwest::{Client, ClientBuilder};
use rustls::{
    ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use rustls_platform_verifier::Verifier;

use crate::provider;

/// Returns a builder of HTTP clients. They send no `Referer`, which would show the query of an
/// address to the server that it redirects to. Of compressed bodies they read gzip only.
pub fn http_client_builder() -> ClientBuilder {
    provider();
    #[expect(clippy::disallowed_methods, reason = "the provider is installed")]
    Client::builder().referer(false).brotli(false).deflate(false).zstd(false)
}

/// Returns a builder like [`http_client_builder`] of clients that trust the authorities of the
/// system. They share one list of them, which is read at the first TLS connection. Trust and
/// certificates cannot be set further.
pub fn system_client_builder() -> ClientBuilder {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .expect("the provider has the default versions of TLS");
    let verifier = Arc::new(SystemTrust);
    let mut config = builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    http_client_builder().tls_backend_preconfigured(config)
}

/// Returns an HTTP client with default settings.
pub fn http_client() -> Client {
    system_client_builder().build().expect("a client without settings of its own can be built")
}

/// The authorities of the system, read when they are first needed.
#[derive(Debug)]
struct SystemTrust;

impl ServerCertVerifier for SystemTrust {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verifier = system_verifier()?;
        verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = provider().signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, &algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = provider().signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}

/// Returns the verifier that trusts the authorities of the system. The authorities are read once,
/// which takes milliseconds and blocks.
pub fn system_verifier() -> Result<Arc<dyn ServerCertVerifier>, rustls::Error> {
    static VERIFIER: OnceLock<Arc<Verifier>> = OnceLock::new();
    if let Some(verifier) = VERIFIER.get() {
        return Ok(verifier.clone());
    }
    let verifier = Arc::new(Verifier::new(provider())?);
    Ok(VERIFIER.get_or_init(|| verifier).clone())
}

/// Returns the settings of a client that trusts the authorities of the system and shows no
/// certificate. Blocks as [`system_verifier`] does.
pub fn system_config() -> Result<ClientConfig, rustls::Error> {
    let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
    let verified = builder.dangerous().with_custom_certificate_verifier(system_verifier()?);
    Ok(verified.with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
        task::JoinHandle,
    };

    use super::*;

    /// Answers one request. The task returns the head of the request in lower case.
    async fn answer_once(answer: String) -> (String, JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let task = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut bytes = [0; 4096];
            let length = socket.read(&mut bytes).await.unwrap();
            socket.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8_lossy(&bytes[..length]).to_lowercase()
        });
        (address, task)
    }

    #[tokio::test]
    async fn a_redirect_to_another_server_gets_neither_credentials_nor_the_address_before() {
        let end = "\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        for client in [http_client(), http_client_builder().build().unwrap()] {
            let (second, seen_second) = answer_once(format!("HTTP/1.1 200 OK{end}")).await;
            let redirect = format!("HTTP/1.1 302 Found\r\nlocation: {second}/elsewhere{end}");
            let (first, seen_first) = answer_once(redirect).await;
            let request = client.get(format!("{first}/?token=s3cret")).basic_auth("ann", Some("hunter22"));
            assert!(request.send().await.unwrap().status().is_success());
            assert!(seen_first.await.unwrap().contains("authorization:"));
            let head = seen_second.await.unwrap();
            assert!(head.starts_with("get /elsewhere"), "{head}");
            assert!(!head.contains("authorization:") && !head.contains("referer"), "{head}");
        }
    }
}
