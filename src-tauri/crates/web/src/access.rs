//! Access control: the token, and the check of a request's origin.

use std::net::{IpAddr, Ipv6Addr};

use axum::http::{HeaderMap, Uri, header};
use rand::RngCore as _;

/// Returns a token of 256 random bits as hexadecimal text.
pub fn new_token() -> String {
    let mut bytes = [0_u8; 32];
    rand::rng().fill_bytes(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns true if `given` is the token. Takes the same time wherever they differ.
pub(crate) fn is_token(given: &str, token: &str) -> bool {
    given.len() == token.len()
        && given.bytes().zip(token.bytes()).fold(0, |difference, (one, other)| difference | (one ^ other))
            == 0
}

/// Returns true if the request was meant for this server and not sent by a page of another site.
///
/// A name other than `localhost` in `Host` may be a foreign name that resolves to this machine (DNS
/// rebinding). An address cannot be. A browser sends the requesting page in `Origin`, which has to
/// be this server.
pub(crate) fn is_same_origin(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST).and_then(|value| value.to_str().ok()) else { return false };
    if !names_this_machine(host) {
        return false;
    }
    match headers.get(header::ORIGIN) {
        None => true,
        Some(origin) => origin
            .to_str()
            .ok()
            .and_then(|origin| origin.parse::<Uri>().ok())
            .and_then(|origin| origin.authority().map(|authority| authority.as_str() == host))
            .unwrap_or(false),
    }
}

fn names_this_machine(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(bracketed) => {
            return bracketed.split_once(']').is_some_and(|(address, _)| address.parse::<Ipv6Addr>().is_ok());
        }
        None => host.split(':').next().unwrap_or_default(),
    };
    name == "localhost" || name.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(host: &str, origin: Option<&str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        headers
    }

    #[test]
    fn foreign_names_and_foreign_pages_are_rejected() {
        assert!(is_same_origin(&headers("127.0.0.1:7171", None)));
        assert!(is_same_origin(&headers("[::1]:7171", Some("http://[::1]:7171"))));
        assert!(is_same_origin(&headers("localhost:7171", Some("http://localhost:7171"))));
        assert!(!is_same_origin(&headers("evil.example:7171", None)));
        assert!(!is_same_origin(&headers("127.0.0.1:7171", Some("http://evil.example"))));
        assert!(!is_same_origin(&headers("127.0.0.1:7171", Some("null"))));
        assert!(!is_same_origin(&headers("127.0.0.1:7171", Some("http://127.0.0.1:9999"))));
        assert!(!is_same_origin(&HeaderMap::new()));
    }

    #[test]
    fn tokens_are_long_and_compared_in_full() {
        let token = new_token();
        assert_eq!(token.len(), 64);
        assert_ne!(token, new_token());
        assert!(is_token(&token, &token));
        assert!(!is_token(&token[..63], &token));
        assert!(!is_token("", &token));
    }
}
