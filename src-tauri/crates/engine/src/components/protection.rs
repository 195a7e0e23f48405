//! What protects a receiver that other machines reach: the files of its certificate and its token.

use std::{
    fs::File,
    io::{self, Read as _},
    net::SocketAddr,
    time::Duration,
};

use ingest::{Protection, Token};
use model::{HealthState, NANOS_PER_SECOND};
use runtime::{Clock, HealthReporter};
use tls::{IdentityError, ServerIdentity};

/// Interval at which the files are read again.
const RELOAD_INTERVAL: Duration = Duration::from_secs(10);
/// Maximum size of the file of a certificate in bytes.
const MAX_CERTIFICATE_BYTES: u64 = 1 << 20;
/// Days before the end of a certificate from which on the receiver is degraded.
const WARNING_DAYS: f64 = 14.0;

/// The files of the settings. A text is empty if the setting is not set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ProtectionFiles {
    certificate: String,
    key: String,
    token: String,
}

/// The contents of the files.
#[derive(PartialEq)]
struct Contents {
    certificate: Vec<u8>,
    key: Vec<u8>,
    token: Vec<u8>,
}

/// A protection with the files it was read from.
pub(super) struct LoadedProtection {
    files: ProtectionFiles,
    contents: Contents,
    identity: ServerIdentity,
    protection: Protection,
}

/// The reason why the files give no protection.
#[derive(Debug)]
pub(super) enum ProtectionError {
    /// The certificate or its key cannot be used.
    Certificate(String),
    /// The token cannot be used.
    Token(String),
}

impl ProtectionError {
    /// Returns the reason in words.
    pub(super) fn reason(&self) -> &str {
        match self {
            Self::Certificate(reason) | Self::Token(reason) => reason,
        }
    }
}

impl From<&config::Listen> for ProtectionFiles {
    fn from(listen: &config::Listen) -> Self {
        Self {
            certificate: listen.tls_cert_file.clone(),
            key: listen.tls_key_file.clone(),
            token: listen.token_file.clone(),
        }
    }
}

impl ProtectionFiles {
    /// Reads the files.
    pub(super) async fn load(&self) -> Result<LoadedProtection, ProtectionError> {
        let contents = self.read().await?;
        let (identity, token) = self.parse(&contents)?;
        let protection = Protection::new(identity.clone(), token);
        Ok(LoadedProtection { files: self.clone(), contents, identity, protection })
    }

    async fn read(&self) -> Result<Contents, ProtectionError> {
        let missing: Vec<&str> = [
            ("listen.tls_cert_file", &self.certificate),
            ("listen.tls_key_file", &self.key),
            ("listen.token_file", &self.token),
        ]
        .into_iter()
        .filter_map(|(key, file)| file.is_empty().then_some(key))
        .collect();
        if !missing.is_empty() {
            let verb = if missing.len() == 1 { "is" } else { "are" };
            let reason = format!("{} {verb} not set", missing.join(", "));
            return Err(ProtectionError::Token(reason));
        }
        let files = self.clone();
        let reading = tokio::task::spawn_blocking(move || files.read_blocking());
        reading.await.unwrap_or_else(|_| Err(ProtectionError::Certificate("internal error".to_owned())))
    }

    fn read_blocking(&self) -> Result<Contents, ProtectionError> {
        let unreadable =
            |key: &str, file: &str, error: io::Error| format!("listen.{key} {file} cannot be read: {error}");
        Ok(Contents {
            certificate: read_certificate(&self.certificate).map_err(|error| {
                ProtectionError::Certificate(unreadable("tls_cert_file", &self.certificate, error))
            })?,
            key: runtime::read_secret_file(&self.key).map_err(|error| {
                ProtectionError::Certificate(unreadable("tls_key_file", &self.key, error))
            })?,
            token: runtime::read_secret_file(&self.token)
                .map_err(|error| ProtectionError::Token(unreadable("token_file", &self.token, error)))?,
        })
    }

    fn parse(&self, contents: &Contents) -> Result<(ServerIdentity, Token), ProtectionError> {
        let token = Token::parse(&contents.token)
            .map_err(|reason| ProtectionError::Token(format!("listen.token_file {} {reason}", self.token)))?;
        let identity = ServerIdentity::from_pem(&contents.certificate, &contents.key).map_err(|error| {
            ProtectionError::Certificate(match error {
                IdentityError::Certificate(reason) => {
                    format!("listen.tls_cert_file {}: {reason}", self.certificate)
                }
                IdentityError::Key(reason) => format!("listen.tls_key_file {}: {reason}", self.key),
            })
        })?;
        Ok((identity, token))
    }
}

impl LoadedProtection {
    /// Returns the protection for the listener.
    pub(super) fn protection(&self) -> Protection {
        self.protection.clone()
    }

    /// Reads the files periodically, and replaces the protection when they change.
    ///
    /// A certificate that cannot be used leaves the one before in force. Returns the reason once
    /// the token cannot be used: its removal locks senders out.
    pub(super) async fn follow(mut self, health: &HealthReporter, clock: &Clock) -> String {
        let mut problem = None;
        loop {
            match problem.or_else(|| self.expiry(clock)) {
                Some(problem) => health.report(HealthState::Degraded, problem),
                None => health.healthy(),
            }
            clock.sleep(RELOAD_INTERVAL).await;
            problem = match self.reload().await {
                Ok(()) => None,
                Err(ProtectionError::Token(reason)) => return reason,
                Err(ProtectionError::Certificate(reason)) => {
                    Some(format!("the certificate before stays in use: {reason}"))
                }
            };
        }
    }

    async fn reload(&mut self) -> Result<(), ProtectionError> {
        let contents = self.files.read().await?;
        if contents != self.contents {
            let (identity, token) = self.files.parse(&contents)?;
            self.protection.replace(identity.clone(), token);
            (self.identity, self.contents) = (identity, contents);
            tracing::info!("certificate or token of a receiver was replaced");
        }
        Ok(())
    }

    /// Returns a problem if the certificate ends soon or has ended.
    fn expiry(&self, clock: &Clock) -> Option<String> {
        let days = self.identity.certificate().days_left(clock.now().0 / NANOS_PER_SECOND);
        let file = &self.files.certificate;
        match days {
            _ if days < 0.0 => Some(format!("the certificate {file} has expired: senders refuse it")),
            _ if days < WARNING_DAYS => Some(format!("the certificate {file} ends in {days:.0} days")),
            _ => None,
        }
    }
}

/// Returns the addresses that a setting stands for. Fails if there is none.
pub(super) async fn resolve(address: &str) -> io::Result<Vec<SocketAddr>> {
    let found: Vec<SocketAddr> = tokio::net::lookup_host(address).await?.collect();
    if found.is_empty() {
        let reason = "the host name does not resolve to an address";
        return Err(io::Error::new(io::ErrorKind::AddrNotAvailable, reason));
    }
    Ok(found)
}

/// Returns true if only programs of this machine reach the addresses.
pub(super) fn is_local(addresses: &[SocketAddr]) -> bool {
    addresses.iter().all(|address| address.ip().to_canonical().is_loopback())
}

fn read_certificate(path: &str) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_CERTIFICATE_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}
