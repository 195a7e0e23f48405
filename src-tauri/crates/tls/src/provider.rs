//! The cryptography of all TLS connections.

use std::sync::{Arc, OnceLock};

use rustls::crypto::{CryptoProvider, ring};

/// Returns the cryptography of all TLS connections. The first call makes it the default of the
/// process, which `reqwest` and `rustls` need before they build a client.
pub fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    PROVIDER
        .get_or_init(|| {
            // An error means that a default is installed already. That one is used then.
            let _ = ring::default_provider().install_default();
            CryptoProvider::get_default().cloned().unwrap_or_else(|| Arc::new(ring::default_provider()))
        })
        .clone()
}
