//! Cross-origin requests: only web pages from this machine may send (Fetch standard, CORS).

use std::net::{Ipv4Addr, Ipv6Addr};

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};

use crate::rejection::Rejection;

/// Returns the origin of the sending web page, none if the sender is no page.
///
/// Fails if the page is not from this machine.
pub(crate) fn allowed_origin(headers: &HeaderMap) -> Result<Option<HeaderValue>, Rejection> {
    match headers.get(header::ORIGIN) {
        None => Ok(None),
        Some(origin) if is_loopback(origin) => Ok(Some(origin.clone())),
        Some(origin) => {
            Err(Rejection::ForeignOrigin(String::from_utf8_lossy(origin.as_bytes()).into_owned()))
        }
    }
}

/// Adds the headers that let the page at `origin` read the answer.
pub(crate) fn allow(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::VARY, HeaderValue::from_static("origin"));
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("retry-after"));
}

/// Answers the preflight request that a browser sends first.
pub(crate) async fn preflight(headers: HeaderMap) -> Response {
    let origin = match allowed_origin(&headers) {
        Ok(Some(origin)) => origin,
        Ok(None) => return StatusCode::NO_CONTENT.into_response(),
        Err(rejection) => return (rejection.http_status(), format!("{rejection}\n")).into_response(),
    };
    let requested = headers
        .get(header::ACCESS_CONTROL_REQUEST_HEADERS)
        .cloned()
        .unwrap_or_else(|| HeaderValue::from_static("content-type, content-encoding"));
    let mut response = StatusCode::NO_CONTENT.into_response();
    let answer: [(HeaderName, HeaderValue); 3] = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST")),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, requested),
        (header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("7200")),
    ];
    response.headers_mut().extend(answer);
    allow(response.headers_mut(), origin);
    response
}

fn is_loopback(origin: &HeaderValue) -> bool {
    let Some(uri) = origin.to_str().ok().and_then(|origin| origin.parse::<Uri>().ok()) else { return false };
    let Some(host) = uri.host() else { return false };
    let host = host.to_ascii_lowercase();
    matches!(uri.scheme_str(), Some("http" | "https"))
        && (host == "localhost"
            || host.ends_with(".localhost")
            || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
            || host.trim_matches(['[', ']']).parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_this_machine_are_allowed() {
        for origin in
            ["http://localhost:5173", "https://app.localhost", "http://127.0.0.1", "http://[::1]:80"]
        {
            assert!(is_loopback(&HeaderValue::from_static(origin)), "{origin}");
        }
        for origin in
            ["null", "http://localhost.example.com", "http://10.0.0.1", "localhost", "ftp://localhost", ""]
        {
            assert!(!is_loopback(&HeaderValue::from_static(origin)), "{origin}");
        }
    }
}
