//! Checks that request a web address.

mod body;
mod client;
mod explain;
mod read;

use model::{NANOS_PER_SECOND, masked_url};
use reqwest::{Method, Url, tls::TlsInfo};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use self::{explain::explain, read::BodyFailure};
use crate::{
    chain_verifier::{CERTIFICATE_DAYS, CHAIN_DAYS, ending},
    error::CheckError,
    failure::Failure,
    fields::{require, require_within},
    kind::{Kind, ProbeContext},
    network::is_loopback,
    outcome::Measurements,
    secret_target::SecretTarget,
    web_address::{decode, take_credentials},
};

/// The number of redirects that are followed.
const MAX_REDIRECTS: usize = 10;

const MAX_CERTIFICATE_DAYS: u32 = 3_650;

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
    /// A certificate chain with fewer days left than this is degraded.
    #[serde(default)]
    pub certificate_days: Option<u32>,
    /// A file with the trusted authorities in PEM; none for those of the system.
    #[serde(default)]
    pub ca_file: Option<String>,
    /// Whether a certificate that is its own issuer is accepted. Name and dates are verified still.
    #[serde(default)]
    pub accept_self_signed: bool,
    /// A file with the certificate that is shown to the server, in PEM.
    #[serde(default)]
    pub client_certificate_file: Option<String>,
    /// A file with its key, which only its owner can read; none if it is in the same file.
    #[serde(default)]
    pub client_key_file: Option<String>,
}

impl Default for HttpCheck {
    fn default() -> Self {
        Self {
            url: String::new(),
            method: "GET".to_owned(),
            expected_status: Vec::new(),
            body_contains: None,
            certificate_days: None,
            ca_file: None,
            accept_self_signed: false,
            client_certificate_file: None,
            client_key_file: None,
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
        let files = [
            ("file of authorities", &self.ca_file),
            ("file of the client certificate", &self.client_certificate_file),
            ("file of the client key", &self.client_key_file),
        ];
        for (field, file) in files {
            require(file.as_deref() != Some(""), || format!("the {field} is empty; leave it out instead"))?;
        }
        require(self.client_key_file.is_none() || self.client_certificate_file.is_some(), || {
            "a client key needs a client certificate".to_owned()
        })?;
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
    /// `status_code`, `first_byte_seconds` (until the head of the last answer),
    /// `certificate_days` and `chain_days` (until the certificate of the server that gave it
    /// ends, and its chain) and `body_bytes` (as far as it was read). The body is read until what
    /// is expected was seen.
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
        let (client, verifier) = self.client(follow, url.host_str().is_some_and(is_loopback)).await?;
        let mut request = client.request(method, url.clone());
        request = match (user, context.secret.map(str::to_owned).or(password)) {
            (Some(user), password) => request.basic_auth(user, password),
            (None, Some(token)) => request.bearer_auth(token),
            (None, None) => request,
        };
        let started = context.clock.instant();
        let response = request.send().await.map_err(|error| explain(&error, &url))?;
        measurements.insert("first_byte_seconds".into(), (context.clock.instant() - started).as_secs_f64());
        let status = response.status().as_u16();
        // A redirect to http:// ends without a certificate.
        if response.extensions().get::<TlsInfo>().is_some() {
            verifier.measure(context.now.0 / NANOS_PER_SECOND, measurements);
        }
        measurements.insert("status_code".into(), f64::from(status));
        if !accepts(&self.expected_status, status) {
            return Err(format!("status {status}, expected {}", expectation(&self.expected_status)).into());
        }
        self.read_body(response, measurements).await.map_err(|failure| match failure {
            BodyFailure::Broken(error) => explain(&error, &url),
            BodyFailure::Missing(reason) => reason.into(),
        })?;
        Ok(format!("status {status}"))
    }

    fn warnings(&self, measurements: &Measurements) -> Vec<String> {
        let left = measurements.get(CERTIFICATE_DAYS).zip(measurements.get(CHAIN_DAYS));
        self.certificate_days
            .zip(left)
            .filter(|(wanted, (_, chain))| **chain < f64::from(*wanted))
            .map(|(wanted, (own, chain))| ending(*own, *chain, wanted))
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
        let warnings = |own, chain| {
            check.warnings(&Measurements::from([(CERTIFICATE_DAYS.into(), own), (CHAIN_DAYS.into(), chain)]))
        };
        assert!(warnings(14.0, 14.0).is_empty() && warnings(90.0, 90.0).is_empty());
        assert_eq!(warnings(3.21, 3.21), ["the certificate ends in 3.2 days, sooner than 14"]);
        assert_eq!(
            warnings(90.0, 5.0),
            ["an issuer's certificate in the chain ends in 5.0 days, sooner than 14"]
        );
    }
}
