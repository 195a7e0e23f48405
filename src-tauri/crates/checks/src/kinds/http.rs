//! Checks that request a web address.

use model::{NANOS_PER_SECOND, masked_url};
use reqwest::{Client, Method, Url, redirect::Policy, tls::TlsInfo};
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;
use ts_rs::TS;

use crate::{
    connection::{address, cause, describe, tls_failure},
    error::CheckError,
    failure::{Failure, without_descriptors},
    fields::{require, require_within},
    kind::{Kind, ProbeContext},
    network::is_loopback,
    outcome::Measurements,
    secret_target::SecretTarget,
    web_address::{decode, take_credentials},
};

const USER_AGENT: &str = concat!("binnacle/", env!("CARGO_PKG_VERSION"));

/// The length up to which a body is read.
const MAX_BODY_LENGTH: usize = 1 << 20;

/// The number of redirects that are followed.
const MAX_REDIRECTS: usize = 10;

const MAX_CERTIFICATE_DAYS: u32 = 3_650;

/// The measurement of the days until the certificate ends.
const CERTIFICATE_DAYS: &str = "certificate_days";

/// A check that requests a web address.
///
/// With a user in the address the secret is the password of basic authentication. Otherwise it is a
/// bearer token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct HttpCheck {
    /// The address, `http` or `https`.
    pub url: String,
    /// `GET`, `HEAD` or `POST`.
    pub method: String,
    /// Accepted status codes; empty accepts 200 to 399.
    pub expected_status: Vec<u16>,
    /// Text the body must contain.
    pub body_contains: Option<String>,
    /// A certificate with fewer days left than this is degraded.
    #[serde(default)]
    pub certificate_days: Option<u32>,
}

impl Default for HttpCheck {
    fn default() -> Self {
        Self {
            url: String::new(),
            method: "GET".to_owned(),
            expected_status: Vec::new(),
            body_contains: None,
            certificate_days: None,
        }
    }
}

impl Kind for HttpCheck {
    const LABEL: &'static str = "Web address";

    /// Writes the method in capitals and moves a password out of the address.
    fn normalise(&mut self) -> Option<String> {
        self.method = self.method.trim().to_ascii_uppercase();
        self.url = self.url.trim().to_owned();
        let mut parsed = Url::parse(&self.url).ok()?;
        let password = decode(parsed.password()?);
        if parsed.set_password(None).is_ok() {
            self.url = parsed.into();
        }
        Some(password)
    }

    fn validate(&self) -> Result<(), CheckError> {
        let url = Url::parse(&self.url)
            .map_err(|error| CheckError::Invalid(format!("the address is not a valid URL: {error}")))?;
        require(matches!(url.scheme(), "http" | "https"), || {
            format!("the address must begin with http:// or https://, not {}://", url.scheme())
        })?;
        if let Some(days) = self.certificate_days {
            require(url.scheme() == "https", || {
                "only an https:// address has a certificate whose days can be watched".to_owned()
            })?;
            require_within("number of days a certificate must have left", days, 1, MAX_CERTIFICATE_DAYS, "")?;
        }
        require(url.port() != Some(0), || "the port must be 1 to 65535".to_owned())?;
        require(matches!(self.method.as_str(), "GET" | "HEAD" | "POST"), || {
            format!("the method must be GET, HEAD or POST, not {:?}", self.method)
        })?;
        if let Some(code) = self.expected_status.iter().find(|code| !(100..600).contains(*code)) {
            return Err(CheckError::Invalid(format!(
                "the expected status {code} is not between 100 and 599"
            )));
        }
        require(self.body_contains.as_deref() != Some(""), || {
            "the text the body must contain is empty; leave it out instead".to_owned()
        })?;
        require(self.method != "HEAD" || self.body_contains.is_none(), || {
            "an answer to HEAD has no body that could contain a text; use GET".to_owned()
        })
    }

    fn target(&self) -> String {
        masked_url(&self.url)
    }

    fn secret_target(&self) -> Option<SecretTarget> {
        let url = Url::parse(&self.url).ok()?;
        Some(SecretTarget {
            scheme: url.scheme().to_owned(),
            host: url.host_str()?.to_owned(),
            port: url.port_or_known_default()?,
            user: decode(url.username()),
        })
    }

    fn is_local(&self) -> bool {
        Url::parse(&self.url).is_ok_and(|url| url.host_str().is_some_and(is_loopback))
    }

    /// Requests once. Redirects are followed unless a redirect is itself expected. Measures
    /// `status_code`, `first_byte_seconds` (until the head of the last answer), `certificate_days`
    /// (until the certificate of the server that gave it ends) and `body_bytes` (as far as it was
    /// read).
    async fn probe(
        &self,
        context: ProbeContext<'_>,
        measurements: &mut Measurements,
    ) -> Result<String, Failure> {
        let mut url = Url::parse(&self.url).map_err(|error| format!("the address is not valid: {error}"))?;
        let method = Method::from_bytes(self.method.to_ascii_uppercase().as_bytes())
            .map_err(|_| "the method is not valid".to_owned())?;
        let (user, password) = take_credentials(&mut url);
        let follow = !self.expected_status.iter().any(|status| (300..400).contains(status));
        let client = client(follow, url.host_str().is_some_and(is_loopback)).await?;
        let mut request = client.request(method, url.clone());
        request = match (user, context.secret.map(str::to_owned).or(password)) {
            (Some(user), password) => request.basic_auth(user, password),
            (None, Some(token)) => request.bearer_auth(token),
            (None, None) => request,
        };
        let started = context.clock.instant();
        let mut response = request.send().await.map_err(|error| explain(&error, &url))?;
        measurements.insert("first_byte_seconds".into(), (context.clock.instant() - started).as_secs_f64());
        let status = response.status().as_u16();
        let certificate = response.extensions().get::<TlsInfo>().and_then(TlsInfo::peer_certificate);
        if let Some(certificate) = certificate.and_then(tls::Certificate::parse) {
            let left = certificate.days_left(context.now.0 / NANOS_PER_SECOND);
            measurements.insert(CERTIFICATE_DAYS.into(), left);
        }
        measurements.insert("status_code".into(), f64::from(status));
        if !accepts(&self.expected_status, status) {
            return Err(format!("status {status}, expected {}", expectation(&self.expected_status)).into());
        }
        let mut body = Vec::new();
        let mut complete = true;
        while let Some(piece) = response.chunk().await.map_err(|error| explain(&error, &url))? {
            let left = MAX_BODY_LENGTH - body.len();
            body.extend_from_slice(&piece[..piece.len().min(left)]);
            if piece.len() > left {
                complete = false;
                break;
            }
        }
        measurements.insert("body_bytes".into(), body.len() as f64);
        match &self.body_contains {
            Some(wanted) if !String::from_utf8_lossy(&body).contains(wanted) => {
                let searched = if complete { "body does" } else { "the first 1 MiB of the body do" };
                Err(format!("{searched} not contain {wanted:?}").into())
            }
            _ => Ok(format!("status {status}")),
        }
    }

    fn warnings(&self, measurements: &Measurements) -> Vec<String> {
        let left = measurements.get(CERTIFICATE_DAYS);
        self.certificate_days
            .zip(left)
            .filter(|(wanted, left)| **left < f64::from(*wanted))
            .map(|(wanted, left)| format!("the certificate ends in {left:.1} days, sooner than {wanted}"))
            .into_iter()
            .collect()
    }
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

/// Returns the client for one policy of redirects and proxies. Each attempt gets a fresh
/// connection, as a visitor would. The client is made once, because reading the system's
/// certificates takes milliseconds. Requests to this machine go directly, others through the proxy
/// that the environment names.
async fn client(follow: bool, direct: bool) -> Result<Client, String> {
    static CLIENTS: [OnceCell<Client>; 4] = [const { OnceCell::const_new() }; 4];
    CLIENTS[usize::from(follow) * 2 + usize::from(direct)]
        .get_or_try_init(|| async {
            tokio::task::spawn_blocking(move || {
                let policy = if follow { Policy::limited(MAX_REDIRECTS) } else { Policy::none() };
                let builder = tls::http_client_builder()
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

/// Returns the failure in plain words. The address in the error may be one that was redirected to.
fn explain(error: &reqwest::Error, requested: &Url) -> Failure {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_accepted_and_expected_in_words() {
        assert!(accepts(&[], 204) && accepts(&[], 399) && !accepts(&[], 400) && !accepts(&[], 199));
        assert!(accepts(&[503], 503) && !accepts(&[503], 200));
        assert_eq!(expectation(&[]), "200 to 399");
        assert_eq!(expectation(&[200, 204]), "200 or 204");
    }

    #[test]
    fn targets_show_no_user_or_password() {
        let target = |url: &str| HttpCheck { url: url.into(), ..HttpCheck::default() }.target();
        assert_eq!(target("https://ann:p@ss@example.org:8443/a@b"), "https://example.org:8443/a@b");
        assert_eq!(target("http://example.org?token=s3cret"), "http://example.org?token=***");
    }

    #[test]
    fn a_password_in_an_address_is_taken_out() {
        let mut check =
            HttpCheck { url: " https://ann:p%40ss@example.org/a ".into(), ..HttpCheck::default() };
        assert_eq!(check.normalise().as_deref(), Some("p@ss"));
        assert_eq!(check.url, "https://ann@example.org/a");
    }

    #[test]
    fn an_ending_certificate_is_a_warning() {
        let check = HttpCheck { certificate_days: Some(14), ..HttpCheck::default() };
        let warnings = |left| check.warnings(&Measurements::from([(CERTIFICATE_DAYS.into(), left)]));
        assert!(warnings(14.0).is_empty() && warnings(90.0).is_empty());
        assert_eq!(warnings(3.21), ["the certificate ends in 3.2 days, sooner than 14"]);
    }
}
