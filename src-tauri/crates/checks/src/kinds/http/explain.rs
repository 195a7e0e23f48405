//! Failures of requests in plain words.

use reqwest::Url;

use super::MAX_REDIRECTS;
use crate::{
    connection::{address, cause, describe, tls_failure},
    failure::{Failure, without_descriptors},
};

/// Returns the failure in plain words. The address in the error may be one that was redirected to.
pub(super) fn explain(error: &reqwest::Error, requested: &Url) -> Failure {
    let url = error.url().unwrap_or(requested);
    let host = url.host_str().unwrap_or_default();
    let target = address(host, url.port_or_known_default().unwrap_or_default());
    if error.is_redirect() {
        return format!("more than {MAX_REDIRECTS} redirects, the last to {}", url.path()).into();
    }
    if error.is_dns() {
        let own = cause::<std::io::Error>(error).and_then(Failure::own).or_else(without_descriptors);
        return own.unwrap_or_else(|| format!("cannot resolve host \"{host}\"").into());
    }
    if let Some(failure) = tls_failure(error, &target) {
        return failure.into();
    }
    if let Some(failure) = cause::<std::io::Error>(error) {
        return describe(failure, &target);
    }
    if error.is_decode() || error.is_body() {
        return format!("the body from {target} broke off or is damaged").into();
    }
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    format!("no valid answer from {target}: {innermost}").into()
}

/// Returns whether a connection only ended without the announcement that TLS has for it. Browsers
/// take that as the end of a body without a length.
pub(super) fn is_unannounced_end(error: &reqwest::Error) -> bool {
    cause::<std::io::Error>(error).is_some_and(|error| error.kind() == std::io::ErrorKind::UnexpectedEof)
}
