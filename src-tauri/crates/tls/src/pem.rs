//! Certificates and keys in PEM.

use reqwest::Identity;
use rustls::pki_types::{CertificateDer, pem::PemObject};

/// Parses every certificate in `pem`. Fails with a reason if there is none.
pub fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(certificates) if certificates.is_empty() => Err("holds no certificate".to_owned()),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(format!("holds no certificate: {error}")),
    }
}

/// Returns the identity of an HTTP client from a certificate chain and its key. The key may be in
/// PKCS#8, PKCS#1 or SEC1; it must not be encrypted.
pub fn client_identity(certificate: &[u8], key: &[u8]) -> Result<Identity, reqwest::Error> {
    let mut pem = certificate.to_vec();
    pem.push(b'\n');
    pem.extend_from_slice(key);
    Identity::from_pem(&pem)
}
