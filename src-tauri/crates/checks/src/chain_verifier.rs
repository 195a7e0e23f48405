//! Verification of the certificate chain of a server, which is recorded even if it is rejected.

use std::{
    fs::File,
    io::{self, Read},
    sync::Arc,
    time::Duration,
};

use parking_lot::Mutex;
use rustls::{
    CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
};
use tls::Certificate;

use crate::outcome::Measurements;

/// The measurement of the days until the server's certificate ends.
pub(crate) const CERTIFICATE_DAYS: &str = "certificate_days";

/// The measurement of the days until the chain ends.
pub(crate) const CHAIN_DAYS: &str = "chain_days";

/// The length up to which a file of authorities is read.
const MAX_CA_FILE_LENGTH: u64 = 4 << 20;

/// Returns a verifier that trusts the authorities in a PEM file. Blocks.
pub(crate) fn trust_file(path: &str) -> Result<Arc<dyn ServerCertVerifier>, String> {
    let pem = read(path).map_err(|error| format!("cannot read {path}: {}", error.kind()))?;
    let found = tls::certificates(&pem).map_err(|error| format!("{path} {error}"))?;
    let mut roots = RootCertStore::empty();
    if roots.add_parsable_certificates(found).0 == 0 {
        return Err(format!("{path} holds no certificate that can be trusted"));
    }
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), tls::provider()).build();
    Ok(verifier.map_err(|error| format!("cannot trust {path}: {error}"))?)
}

/// Reads a regular file of bounded length.
fn read(path: &str) -> io::Result<Vec<u8>> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut content = Vec::new();
    File::open(path)?.take(MAX_CA_FILE_LENGTH).read_to_end(&mut content)?;
    Ok(content)
}

/// A verifier that records the chain before it verifies it.
#[derive(Debug)]
pub(crate) struct ChainVerifier {
    trust: Arc<dyn ServerCertVerifier>,
    accept_self_signed: bool,
    recorded: Mutex<Recorded>,
}

/// The chain of the last handshake.
#[derive(Debug, Default)]
struct Recorded {
    chain: Vec<Certificate>,
    /// The last second in which it is valid, in seconds since 1970; none if it is rejected.
    not_after: Option<i64>,
}

impl ChainVerifier {
    /// Creates a verifier with the trust of `trust`. With `accept_self_signed`, a certificate that
    /// is its own issuer is accepted too; its name and dates are verified.
    pub(crate) fn new(trust: Arc<dyn ServerCertVerifier>, accept_self_signed: bool) -> Self {
        Self { trust, accept_self_signed, recorded: Mutex::default() }
    }

    /// Returns the recorded chain, the server's certificate first.
    pub(crate) fn chain(&self) -> Vec<Certificate> {
        self.recorded.lock().chain.clone()
    }

    /// Measures the days until the server's certificate and until the chain ends, and returns the
    /// latter. `now` is in seconds since 1970. A chain that is rejected ends with its first
    /// certificate to end.
    pub(crate) fn measure(&self, now: i64, measurements: &mut Measurements) -> f64 {
        let recorded = self.recorded.lock();
        let Some(own) = recorded.chain.first() else { return f64::INFINITY };
        let first = recorded.chain.iter().map(|one| one.not_after).min().unwrap_or(own.not_after);
        let chain_days = days_between(now, recorded.not_after.unwrap_or(first));
        measurements.insert(CERTIFICATE_DAYS.into(), own.days_left(now));
        measurements.insert(CHAIN_DAYS.into(), chain_days);
        chain_days
    }

    fn verify(
        &self,
        own: &CertificateDer<'_>,
        issuing: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.trust.verify_server_cert(own, issuing, name, ocsp, now);
        match Certificate::parse(own) {
            Some(parsed) if verified.is_err() && self.accept_self_signed && parsed.is_self_issued => {
                verify_self_signed(own, &parsed, name, now)
            }
            _ => verified,
        }
    }
}

/// Returns the reason why a chain that ends soon is not healthy.
pub(crate) fn ending(own: f64, chain: f64, days: u32) -> String {
    let which = if chain < own { "an issuer's certificate in the chain" } else { "the certificate" };
    format!("{which} ends in {chain:.1} days, sooner than {days}")
}

fn days_between(now: i64, end: i64) -> f64 {
    (end - now) as f64 / 86_400.0
}

fn unix_time(seconds: i64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(seconds.max(0).unsigned_abs()))
}

impl ServerCertVerifier for ChainVerifier {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        issuing: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let chain: Vec<_> =
            std::iter::once(own).chain(issuing).filter_map(|der| Certificate::parse(der)).collect();
        let verified = self.verify(own, issuing, name, ocsp, now);
        // A server may send certificates that no path needs, such as one of an authority that
        // clients trust anyway. The chain ends with the first one without which it is not valid.
        let seconds = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        let mut ends: Vec<i64> =
            chain.iter().map(|one| one.not_after).filter(|end| *end >= seconds).collect();
        ends.sort_unstable();
        let is_end = |end: &i64| self.verify(own, issuing, name, ocsp, unix_time(*end + 1)).is_err();
        let not_after = if verified.is_ok() { ends.into_iter().find(is_end) } else { None };
        *self.recorded.lock() = Recorded { chain, not_after };
        verified
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.trust.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.trust.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.trust.supported_verify_schemes()
    }
}

/// Verifies name and dates of a certificate whose issuer is accepted.
fn verify_self_signed(
    der: &CertificateDer<'_>,
    certificate: &Certificate,
    name: &ServerName<'_>,
    now: UnixTime,
) -> Result<ServerCertVerified, Error> {
    let seconds = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    if seconds > certificate.not_after {
        let not_after = unix_time(certificate.not_after);
        return Err(CertificateError::ExpiredContext { time: now, not_after }.into());
    }
    if seconds < certificate.not_before {
        let not_before = unix_time(certificate.not_before);
        return Err(CertificateError::NotValidYetContext { time: now, not_before }.into());
    }
    verify_server_name(&ParsedCertificate::try_from(der)?, name)?;
    Ok(ServerCertVerified::assertion())
}
