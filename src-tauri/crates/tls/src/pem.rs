//! Certificates and keys in PEM.

use std::error::Error as _;

use reqwest::Identity;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};

use crate::describe;

/// The mark of an encrypted key.
const ENCRYPTED: &[u8] = b"ENCRYPTED";

/// The chain of a client certificate and its key.
pub type ClientCertificate = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// Fails if `key` is encrypted.
pub(crate) fn refuse_encrypted(key: &[u8]) -> Result<(), String> {
    // `BEGIN ENCRYPTED PRIVATE KEY` of PKCS#8, `Proc-Type: 4,ENCRYPTED` of PKCS#1 and SEC1.
    if key.windows(ENCRYPTED.len()).any(|part| part == ENCRYPTED) {
        return Err("the key is encrypted; store it without a password".to_owned());
    }
    Ok(())
}

/// Parses every certificate in `pem`. Fails with a reason if there is none.
pub fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(certificates) if certificates.is_empty() => Err("holds no certificate".to_owned()),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(format!("holds no certificate: {error}")),
    }
}

/// Returns the identity of an HTTP client from a certificate chain and its key, both in PEM. The
/// key may be in PKCS#8, PKCS#1 or SEC1. Fails with a reason, also for an encrypted key.
pub fn client_identity(certificate: &[u8], key: &[u8]) -> Result<Identity, String> {
    refuse_encrypted(key)?;
    let mut pem = certificate.to_vec();
    pem.push(b'\n');
    pem.extend_from_slice(key);
    Identity::from_pem(&pem).map_err(|error| match error.source().and_then(|source| source.downcast_ref()) {
        Some(reason) => describe(reason),
        None => error.to_string(),
    })
}

/// Parses a client certificate with its chain, and its key, both in PEM. Fails with a reason.
pub fn client_certificate(certificate: &[u8], key: &[u8]) -> Result<ClientCertificate, String> {
    refuse_encrypted(key)?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| "there is no key in the file".to_owned())?;
    Ok((certificates(certificate).map_err(|reason| format!("the file {reason}"))?, key))
}
