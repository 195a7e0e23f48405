//! The headers of every response to a browser.

use axum::http::{HeaderMap, HeaderValue, header};

/// Adds the headers to a response to the page at `host`.
pub(crate) fn add(headers: &mut HeaderMap, host: &str) {
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        // Pages of other sites, also of other ports, cannot load the files or hold the window.
        (header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(policy) = HeaderValue::from_str(&policy(host)) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
}

/// Returns the content security policy: the page loads its own files, connects to its own server
/// and shows reports in a frame.
fn policy(host: &str) -> String {
    format!(
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; \
         connect-src 'self' ws://{host}; frame-src 'self' blob:; object-src 'none'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'"
    )
}
