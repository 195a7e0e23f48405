//! TLS by rustls with ring: trust in certificates, keys, servers, errors in words, HTTP clients.
//!
//! No other crate chooses the cryptography or builds a client of `reqwest` from nothing.

mod certificate;
mod client;
mod pem;
mod provider;
mod server;
mod words;

pub use certificate::Certificate;
pub use client::{http_client, http_client_builder, system_client_builder, system_config, system_verifier};
pub use pem::{ClientCertificate, certificates, client_certificate, client_identity};
pub use provider::provider;
pub use server::{IdentityError, ServerIdentity, ServerStream};
pub use words::describe;
