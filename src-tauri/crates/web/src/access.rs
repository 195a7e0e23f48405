//! The check of a request of a browser: which host it names and which page has sent it.

use std::net::SocketAddr;

use axum::http::{HeaderMap, HeaderName, Method, Request, header};

/// The host and port in the address of the page that has sent a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CheckedHost(pub(crate) String);

/// The result of a check.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// The request is for this server and comes from its own page, or opens that page.
    Granted(CheckedHost),
    /// The request opens the page under the name `localhost`. The page is at this address.
    Elsewhere(String),
    /// The request is rejected for this reason.
    Rejected(&'static str),
}

/// Checks a request to the server that listens on `address`.
///
/// - `Host` is exactly the address, once.
///   Any name may be a foreign one that resolves to this machine (DNS rebinding).
///   `localhost` may lead to another program, on the same port of the other address family.
///   That program could pass on the proofs of a session.
/// - `Origin`, which browsers send with the request of a page, is this server.
/// - `Sec-Fetch-Site` is this server or the user. Another site may only open the page `/` as a
///   whole window.
pub(crate) fn check<B>(request: &Request<B>, address: SocketAddr) -> Access {
    let headers = request.headers();
    let (Ok(host), Ok(origin), Ok(site)) =
        (single(headers, header::HOST), single(headers, header::ORIGIN), single(headers, SITE))
    else {
        return Access::Rejected("rejected: a header is repeated or not text\n");
    };
    let host = host.unwrap_or_default();
    if request.uri().authority().is_some_and(|authority| authority.as_str() != host) {
        return Access::Rejected("rejected: the address differs from the header Host\n");
    }
    let opens_page = request.uri().path() == "/" && [Method::GET, Method::HEAD].contains(request.method());
    let opens_window = opens_page && has(headers, MODE, "navigate") && has(headers, DESTINATION, "document");
    if !matches!(site, None | Some("none" | "same-origin")) && !opens_window {
        return Access::Rejected("rejected: sent by a page of another site\n");
    }
    if origin.is_some_and(|origin| origin != format!("http://{host}")) {
        return Access::Rejected("rejected: sent by a page of another site\n");
    }
    let is_own =
        |name: &str| host == format!("{name}:{}", address.port()) || (address.port() == 80 && host == name);
    let own = match address {
        SocketAddr::V4(address) => address.ip().to_string(),
        SocketAddr::V6(address) => format!("[{}]", address.ip()),
    };
    if is_own(&own) {
        Access::Granted(CheckedHost(host.to_owned()))
    } else if is_own("localhost") && opens_page {
        Access::Elsewhere(format!("http://{address}/"))
    } else {
        Access::Rejected("rejected: the header Host is not the address of this server\n")
    }
}

const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const DESTINATION: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// Returns the value of a header. Fails if it is repeated or not ASCII text.
fn single(headers: &HeaderMap, name: HeaderName) -> Result<Option<&str>, ()> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| ()),
        (Some(_), Some(_)) => Err(()),
    }
}

fn has(headers: &HeaderMap, name: HeaderName, value: &str) -> bool {
    single(headers, name) == Ok(Some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: (&str, &str) = ("host", "127.0.0.1:7171");

    fn checked(address: &str, method: &str, path: &str, headers: &[(&str, &str)]) -> Access {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        check(&request.body(()).unwrap(), address.parse().unwrap())
    }

    fn is_granted(path: &str, headers: &[(&str, &str)]) -> bool {
        matches!(checked("127.0.0.1:7171", "GET", path, headers), Access::Granted(_))
    }

    #[test]
    fn the_host_is_exactly_the_address() {
        assert!(is_granted("/", &[OWN]));
        for host in [
            "",
            "127.0.0.1",
            "127.0.0.1:7172",
            "127.0.0.1:07171",
            "127.0.0.1:7171.",
            "127.0.0.1:7171, evil.example",
            "user@127.0.0.1:7171",
            "127.1:7171",
            "2130706433:7171",
            "127.0.0.2:7171",
            "[::1]:7171",
            "[::ffff:127.0.0.1]:7171",
            "evil.example:7171",
        ] {
            assert!(!is_granted("/", &[("host", host)]), "{host}");
        }
        assert!(!is_granted("/", &[]));
        assert!(!is_granted("/", &[OWN, OWN]), "two of them");
        assert!(!is_granted("http://evil.example/", &[OWN]));
        let six = |host| checked("[::1]:7171", "GET", "/", &[("host", host)]);
        assert_eq!(six("[::1]:7171"), Access::Granted(CheckedHost("[::1]:7171".into())));
        assert!(matches!(six("127.0.0.1:7171"), Access::Rejected(_)));
        let eighty = checked("127.0.0.1:80", "GET", "/", &[("host", "127.0.0.1")]);
        assert_eq!(eighty, Access::Granted(CheckedHost("127.0.0.1".into())));
    }

    #[test]
    fn the_name_localhost_only_leads_to_the_page() {
        let local = [("host", "localhost:7171")];
        let page = checked("127.0.0.1:7171", "GET", "/", &local);
        assert_eq!(page, Access::Elsewhere("http://127.0.0.1:7171/".into()));
        assert!(matches!(checked("127.0.0.1:7171", "GET", "/api/session", &local), Access::Rejected(_)));
        assert!(matches!(checked("127.0.0.1:7171", "POST", "/", &local), Access::Rejected(_)));
    }

    #[test]
    fn the_origin_is_this_server() {
        assert!(is_granted("/api/session", &[OWN, ("origin", "http://127.0.0.1:7171")]));
        for origin in [
            "null",
            "",
            "http://127.0.0.1",
            "http://127.0.0.1:9999",
            "https://127.0.0.1:7171",
            "http://127.0.0.1:7171/",
            "http://localhost:7171",
            "http://evil.example",
            "http://127.0.0.1:7171.evil.example",
        ] {
            assert!(!is_granted("/api/session", &[OWN, ("origin", origin)]), "{origin}");
        }
        let twice = ("origin", "http://127.0.0.1:7171");
        assert!(!is_granted("/api/session", &[OWN, twice, twice]));
    }

    #[test]
    fn another_site_may_only_open_the_page() {
        let from = |site| ("sec-fetch-site", site);
        let (window, document) = (("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document"));
        for site in ["none", "same-origin"] {
            assert!(is_granted("/assets/index.js", &[OWN, from(site)]), "{site}");
        }
        // A page on another port of this machine is of the same site.
        for site in ["same-site", "cross-site", "nonsense", ""] {
            assert!(!is_granted("/assets/index.js", &[OWN, from(site)]), "{site}");
            assert!(!is_granted("/", &[OWN, from(site)]), "{site}");
            assert!(is_granted("/", &[OWN, from(site), window, document]), "{site}");
            assert!(!is_granted("/assets/a.svg", &[OWN, from(site), window, document]), "{site}");
            let frame = ("sec-fetch-dest", "iframe");
            assert!(!is_granted("/", &[OWN, from(site), window, frame]), "{site}");
        }
    }
}
