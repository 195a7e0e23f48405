//! Clients that trust the authorities of the system, for HTTP and for other protocols.

use std::sync::{Arc, OnceLock};

use reqwest::{Client, ClientBuilder};
use rustls::{ClientConfig, client::danger::ServerCertVerifier};
use rustls_platform_verifier::Verifier;

use crate::provider;

/// Returns a builder of HTTP clients.
pub fn http_client_builder() -> ClientBuilder {
    provider();
    #[expect(clippy::disallowed_methods, reason = "the provider is installed")]
    Client::builder()
}

/// Returns an HTTP client with default settings.
pub fn http_client() -> Client {
    provider();
    #[expect(clippy::disallowed_methods, reason = "the provider is installed")]
    Client::new()
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
