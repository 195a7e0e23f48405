//! Web addresses as text: for people without their secrets, and by the server they name.

use url::Url;

/// The text in the place of a value that may be a secret.
const MASK: &str = "***";

/// Returns a web address for people, exports and log lines: without user, password and fragment,
/// and with `***` for each value of its query. Other text is returned as it is.
pub fn masked_url(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    // The host ends at the first of these (RFC 3986, section 3.2).
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let path = path.split_once('#').map_or(path, |(path, _)| path);
    match path.split_once('?') {
        None => format!("{scheme}://{host}{path}"),
        Some((path, query)) => format!("{scheme}://{host}{path}?{}", masked_query(query)),
    }
}

fn masked_query(query: &str) -> String {
    let masked = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) => format!("{name}={MASK}"),
        // A query without names is a value as a whole.
        None if pair.is_empty() => String::new(),
        None => MASK.to_owned(),
    });
    masked.collect::<Vec<_>>().join("&")
}

/// Returns scheme, host and port of a web address, such as `https://example.org:443`. None if the
/// text is no address of a server.
pub fn url_origin(text: &str) -> Option<String> {
    let url = Url::parse(text.trim()).ok()?;
    Some(format!("{}://{}:{}", url.scheme(), url.host_str()?, url.port_or_known_default()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked() {
        for (url, masked) in [
            ("https://ann:p@ss@example.org:8443/a@b", "https://example.org:8443/a@b"),
            ("http://example.org?mail=a@b", "http://example.org?mail=***"),
            ("https://h/p?token=s3cret&page=2#s3cret", "https://h/p?token=***&page=***"),
            ("https://h/p?s3cret", "https://h/p?***"),
            ("https://h/p?a=1=2&&s3cret", "https://h/p?a=***&&***"),
            ("https://h/?", "https://h/?"),
            ("db:5432/shop?x=1", "db:5432/shop?x=1"),
            ("https://h", "https://h"),
        ] {
            assert_eq!(masked_url(url), masked);
        }
    }

    #[test]
    fn an_origin_has_scheme_host_and_port() {
        for (url, origin) in [
            ("https://Sentry.Example.org/under", Some("https://sentry.example.org:443")),
            (" http://h:9000/ ", Some("http://h:9000")),
            ("http://[::1]", Some("http://[::1]:80")),
            ("h:9000", None),
            ("nonsense", None),
        ] {
            assert_eq!(url_origin(url).as_deref(), origin, "{url}");
        }
    }
}
