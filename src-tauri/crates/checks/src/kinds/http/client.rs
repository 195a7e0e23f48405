//! The client of one request, with the trust and the certificate that a check chooses.

use std::sync::Arc;

use reqwest::{Client, redirect::Policy};
use rustls::ClientConfig;

use super::{HttpCheck, MAX_REDIRECTS};
use crate::chain_verifier::{ChainVerifier, trust_file};

const USER_AGENT: &str = concat!("binnacle/", env!("CARGO_PKG_VERSION"));

/// Headers of an answer that are read at most. Browsers read more than the hundred of hyper.
const MAX_HEADERS: usize = 1_000;

impl HttpCheck {
    /// Builds the client of one request, and the verifier that records the chain of its server.
    ///
    /// Each attempt gets a fresh connection, as a visitor would. With `follow`, redirects are
    /// followed. With `direct`, the proxy that the environment names is not used. Reads files.
    pub(super) async fn client(
        &self,
        follow: bool,
        direct: bool,
    ) -> Result<(Client, Arc<ChainVerifier>), String> {
        let check = self.clone();
        tokio::task::spawn_blocking(move || check.build_client(follow, direct))
            .await
            .map_err(|error| error.to_string())?
    }

    fn build_client(&self, follow: bool, direct: bool) -> Result<(Client, Arc<ChainVerifier>), String> {
        let trust = match &self.ca_file {
            None => tls::system_verifier().map_err(|error| tls::describe(&error))?,
            Some(path) => trust_file(path)?,
        };
        let verifier = Arc::new(ChainVerifier::new(trust, self.accept_self_signed));
        let policy = if follow { Policy::limited(MAX_REDIRECTS) } else { Policy::none() };
        let builder = tls::http_client_builder()
            .user_agent(USER_AGENT)
            .redirect(policy)
            .pool_max_idle_per_host(0)
            .brotli(true)
            .deflate(true)
            .zstd(true)
            .http1_allow_obsolete_multiline_headers_in_responses(true)
            .http1_allow_spaces_after_header_name_in_responses(true)
            .http1_ignore_invalid_headers_in_responses(true)
            .http1_max_headers(MAX_HEADERS)
            .tls_info(true)
            .tls_backend_preconfigured(self.tls_config(&verifier)?);
        let client = if direct { builder.no_proxy() } else { builder }.build();
        let client =
            client.map_err(|error| format!("cannot prepare the request: {}", error.without_url()))?;
        Ok((client, verifier))
    }

    fn tls_config(&self, verifier: &Arc<ChainVerifier>) -> Result<ClientConfig, String> {
        let builder = ClientConfig::builder_with_provider(tls::provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| tls::describe(&error))?
            .dangerous()
            .with_custom_certificate_verifier(verifier.clone());
        let mut config = match (&self.client_certificate_file, &self.client_key_file) {
            (Some(certificate), key) => {
                let (chain, key) = read_identity(certificate, key.as_ref().unwrap_or(certificate))?;
                builder
                    .with_client_auth_cert(chain, key)
                    .map_err(|error| format!("cannot use {certificate}: {}", tls::describe(&error)))?
            }
            (None, _) => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }
}

/// Reads a client certificate and its key, which only their owner may read.
fn read_identity(certificate: &str, key: &str) -> Result<tls::ClientCertificate, String> {
    let unreadable = |path: &str, error: std::io::Error| format!("cannot read {path}: {error}");
    let key_pem = runtime::read_secret_file(key).map_err(|error| unreadable(key, error))?;
    let pem = std::fs::read(certificate).map_err(|error| unreadable(certificate, error))?;
    tls::client_certificate(&pem, &key_pem)
        .map_err(|reason| format!("cannot use {certificate} with {key}: {reason}"))
}
