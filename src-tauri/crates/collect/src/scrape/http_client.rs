//! The HTTP client of scrapes.

use std::{fs, net::SocketAddr, path::PathBuf, sync::Arc};

use reqwest::{
    Certificate, Client, ClientBuilder, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect::Policy,
};

use super::credentials::Credentials;
use crate::error_chain::error_chain;

/// Bytes of a response over HTTP/2 that may arrive before it is read: the smallest that the
/// protocol has by default.
const HTTP2_WINDOW: u32 = 65_535;

/// Settings of a client: credentials, TLS and redirects.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ClientSettings {
    pub(crate) credentials: Credentials,
    pub(crate) tls: config::Tls,
    pub(crate) follow_redirects: bool,
}

impl ClientSettings {
    /// Returns true if each target needs a client of its own.
    pub(crate) fn is_per_target(&self) -> bool {
        !self.tls.server_name.is_empty()
    }

    /// Builds the client of an address. With a server name in the settings, connections go to the
    /// host of the address. Reads files; blocks.
    pub(crate) fn client(&self, url: &Url) -> Result<Client, String> {
        let tls = &self.tls;
        let trusts_system = *tls == config::Tls::default();
        let builder = if trusts_system { tls::system_client_builder() } else { tls::http_client_builder() };
        let mut builder = builder
            .user_agent(concat!("binnacle/", env!("CARGO_PKG_VERSION")))
            // As in Prometheus, the environment does not set a proxy.
            .no_proxy()
            // What arrives before it is read is not in the budget of responses.
            .http2_initial_stream_window_size(HTTP2_WINDOW)
            .http2_initial_connection_window_size(HTTP2_WINDOW)
            .redirect(if self.follow_redirects { Policy::limited(10) } else { Policy::none() });
        if trusts_system {
            if url.scheme() == "https" {
                // The authorities are read here and not during the handshake, which must not block.
                tls::system_verifier()
                    .map_err(|error| format!("cannot make requests: {}", tls::describe(&error)))?;
            }
            return built(builder);
        }
        builder = builder.tls_danger_accept_invalid_certs(tls.insecure_skip_verify);
        if !tls.ca_file.is_empty() {
            let certificates = Certificate::from_pem_bundle(&read(&tls.ca_file)?).map_err(|error| {
                format!("{} contains no certificate: {}", tls.ca_file, error_chain(&error))
            })?;
            if certificates.is_empty() {
                return Err(format!("{} contains no certificate", tls.ca_file));
            }
            builder = builder.tls_certs_only(certificates);
        }
        if !tls.cert_file.is_empty() || !tls.key_file.is_empty() {
            let (certificate, key) = (read(&tls.cert_file)?, read_key(&tls.key_file)?);
            let identity = tls::client_identity(&certificate, &key).map_err(|error| {
                format!("{} with {} cannot be used: {error}", tls.cert_file, tls.key_file)
            })?;
            builder = builder.identity(identity);
        }
        if let Some(version) = min_version(&tls.min_version)? {
            builder = builder.tls_version_min(version);
        }
        if self.is_per_target() {
            let (named, real) = (tls.server_name.clone(), url.host_str().unwrap_or_default().to_owned());
            builder = builder.dns_resolver(Arc::new(RenamingResolver { named, real }));
        }
        built(builder)
    }

    /// Returns the URL of the request, and the `Host` header if TLS uses another name.
    pub(crate) fn request_url(&self, url: &Url) -> Result<(Url, Option<String>), String> {
        let mut url = url.clone();
        if !self.is_per_target() || url.scheme() != "https" {
            return Ok((url, None));
        }
        let real = url.host_str().unwrap_or_default();
        let host = match url.port() {
            Some(port) => format!("{real}:{port}"),
            None => real.to_owned(),
        };
        url.set_host(Some(&self.tls.server_name))
            .map_err(|_| format!("{:?} is not the name of a server", self.tls.server_name))?;
        Ok((url, Some(host)))
    }
}

fn built(builder: ClientBuilder) -> Result<Client, String> {
    builder.build().map_err(|error| format!("cannot make requests: {}", error_chain(&error)))
}

fn min_version(name: &str) -> Result<Option<reqwest::tls::Version>, String> {
    Ok(match name {
        "" => None,
        "TLS10" | "TLS11" => {
            return Err(format!("min_version {name}: only TLS 1.2 and 1.3 are supported; use TLS12"));
        }
        "TLS12" => Some(reqwest::tls::Version::TLS_1_2),
        "TLS13" => Some(reqwest::tls::Version::TLS_1_3),
        other => return Err(format!("{other} is not a version of TLS (TLS12 or TLS13)")),
    })
}

fn read(path: &str) -> Result<Vec<u8>, String> {
    let path = PathBuf::from(path);
    fs::read(&path).map_err(|error| format!("cannot read {}: {}", path.display(), error.kind()))
}

/// Reads a private key, which only its owner may be able to read.
fn read_key(path: &str) -> Result<Vec<u8>, String> {
    runtime::read_secret_file(path).map_err(|error| format!("cannot read {path}: {error}"))
}

/// A resolver that returns the address of `real` for `named`, so that TLS checks the certificate
/// against `named`.
struct RenamingResolver {
    named: String,
    real: String,
}

impl Resolve for RenamingResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let requested = name.as_str();
        let host = if requested.eq_ignore_ascii_case(&self.named) {
            self.real.clone()
        } else {
            requested.to_owned()
        };
        Box::pin(async move {
            let host = host.trim_matches(['[', ']']).to_owned();
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host, 0)).await?.collect();
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}
