//! Asking a web address.

use std::time::Instant;

use model::NANOS_PER_SECOND;
use reqwest::{Client, Method, Url, redirect::Policy, tls::TlsInfo};
use tokio::sync::OnceCell;

use crate::{
    certificate,
    connection::{address, cause, describe},
    network::is_loopback,
    outcome::Measurements,
    record::now,
};

const USER_AGENT: &str = concat!("binnacle/", env!("CARGO_PKG_VERSION"));

/// Bodies are read up to here.
const BODY_LIMIT: usize = 1 << 20;

const SECONDS_PER_DAY: f64 = 86_400.0;

/// Redirects followed before giving up.
const REDIRECTS: usize = 10;

/// The measurement of days until the certificate ends.
pub(crate) const CERTIFICATE_DAYS: &str = "certificate_days";

/// What to ask and what to expect.
pub(crate) struct Request<'a> {
    /// The address.
    pub(crate) url: &'a str,
    /// The method.
    pub(crate) method: &'a str,
    /// Accepted status codes; empty accepts 200 to 399.
    pub(crate) expected_status: &'a [u16],
    /// Text the body must contain.
    pub(crate) body_contains: Option<&'a str>,
}

/// Asks once. Redirects are followed unless a redirect is itself expected. Notes `status_code`,
/// `first_byte_seconds` (until the head of the last answer), `certificate_days` (until the certificate of the server
/// that gave it ends) and `body_bytes` (as far as it was read).
pub(crate) async fn probe(
    request: &Request<'_>,
    secret: Option<&str>,
    measurements: &mut Measurements,
) -> Result<String, String> {
    let mut url = Url::parse(request.url).map_err(|error| format!("the address is not valid: {error}"))?;
    let method = Method::from_bytes(request.method.to_ascii_uppercase().as_bytes())
        .map_err(|_| "the method is not valid".to_owned())?;
    let (user, password) = take_credentials(&mut url);
    let follow = !request.expected_status.iter().any(|status| (300..400).contains(status));
    let client = client(follow, url.host_str().is_some_and(is_loopback)).await?;
    let mut asking = client.request(method, url.clone());
    let secret = secret.map(str::to_owned).or(password);
    asking = match (user, secret) {
        (Some(user), password) => asking.basic_auth(user, password),
        (None, Some(token)) => asking.bearer_auth(token),
        (None, None) => asking,
    };
    let started = Instant::now();
    let mut response = asking.send().await.map_err(|error| explain(&error, &url))?;
    measurements.insert("first_byte_seconds".into(), started.elapsed().as_secs_f64());
    let status = response.status().as_u16();
    let certificate = response.extensions().get::<TlsInfo>().and_then(TlsInfo::peer_certificate);
    if let Some(end) = certificate.and_then(certificate::end) {
        let left = end - now().0 / NANOS_PER_SECOND;
        measurements.insert(CERTIFICATE_DAYS.into(), left as f64 / SECONDS_PER_DAY);
    }
    measurements.insert("status_code".into(), f64::from(status));
    if !accepts(request.expected_status, status) {
        return Err(format!("status {status}, expected {}", expectation(request.expected_status)));
    }
    let mut body = Vec::new();
    let mut whole = true;
    while let Some(piece) = response.chunk().await.map_err(|error| explain(&error, &url))? {
        let room = BODY_LIMIT - body.len();
        body.extend_from_slice(&piece[..piece.len().min(room)]);
        if piece.len() > room {
            whole = false;
            break;
        }
    }
    measurements.insert("body_bytes".into(), body.len() as f64);
    match request.body_contains {
        Some(wanted) if !String::from_utf8_lossy(&body).contains(wanted) => {
            let searched = if whole { "body does" } else { "the first 1 MiB of the body do" };
            Err(format!("{searched} not contain {wanted:?}"))
        }
        _ => Ok(format!("status {status}")),
    }
}

/// Takes user and password out of the address, so that they are in no message and in no redirect.
fn take_credentials(url: &mut Url) -> (Option<String>, Option<String>) {
    let decode = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    let user = Some(url.username()).filter(|user| !user.is_empty()).map(decode);
    let password = url.password().map(decode);
    // Both only fail for addresses without a host, which have no credentials either.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    (user, password)
}

fn accepts(expected: &[u16], status: u16) -> bool {
    if expected.is_empty() { (200..400).contains(&status) } else { expected.contains(&status) }
}

fn expectation(expected: &[u16]) -> String {
    match expected {
        [] => "200 to 399".to_owned(),
        codes => codes.iter().map(u16::to_string).collect::<Vec<_>>().join(" or "),
    }
}

/// The client for one way of asking. Each attempt gets a fresh connection, as a visitor would, but the
/// client is made once: reading the system's certificates takes milliseconds. Addresses on this machine
/// are asked directly, others through the proxy the environment names.
async fn client(follow: bool, direct: bool) -> Result<Client, String> {
    static CLIENTS: [OnceCell<Client>; 4] = [const { OnceCell::const_new() }; 4];
    CLIENTS[usize::from(follow) * 2 + usize::from(direct)]
        .get_or_try_init(|| async {
            tokio::task::spawn_blocking(move || {
                let policy = if follow { Policy::limited(REDIRECTS) } else { Policy::none() };
                let builder = Client::builder()
                    .user_agent(USER_AGENT)
                    .redirect(policy)
                    .pool_max_idle_per_host(0)
                    .tls_info(true);
                if direct { builder.no_proxy() } else { builder }.build()
            })
            .await
            .map_err(|error| error.to_string())?
            .map_err(|error| format!("cannot prepare the request: {}", error.without_url()))
        })
        .await
        .cloned()
}

/// What went wrong, in plain words. The address in the error may be one that was redirected to.
fn explain(error: &reqwest::Error, asked: &Url) -> String {
    let url = error.url().unwrap_or(asked);
    let host = url.host_str().unwrap_or_default();
    let place = address(host, url.port_or_known_default().unwrap_or_default());
    if error.is_redirect() {
        return format!("more than {REDIRECTS} redirects, the last to {}", url.path());
    }
    if error.is_dns() {
        return format!("cannot resolve host \"{host}\"");
    }
    if let Some(failure) = cause::<native_tls::Error>(error) {
        return format!("encrypted connection to {place} failed: {failure}");
    }
    if let Some(failure) = cause::<std::io::Error>(error) {
        return describe(failure, &place);
    }
    if error.is_decode() || error.is_body() {
        return format!("the body from {place} broke off or is damaged");
    }
    let mut innermost: &dyn std::error::Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    format!("no valid answer from {place}: {innermost}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_is_judged_and_expected_in_words() {
        assert!(accepts(&[], 204) && accepts(&[], 399) && !accepts(&[], 400) && !accepts(&[], 199));
        assert!(accepts(&[503], 503) && !accepts(&[503], 200));
        assert_eq!(expectation(&[]), "200 to 399");
        assert_eq!(expectation(&[200, 204]), "200 or 204");
    }

    #[test]
    fn credentials_leave_the_address() {
        let mut url = Url::parse("https://ann%40x:p%3Aw@example.org/a").unwrap();
        assert_eq!(take_credentials(&mut url), (Some("ann@x".into()), Some("p:w".into())));
        assert_eq!(url.as_str(), "https://example.org/a");
    }
}
