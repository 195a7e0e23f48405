//! What a check must be like to be saved.

use model::{CheckKind, HealthCheck};
use reqwest::Url;

use crate::CheckError;

const LONGEST_INTERVAL: u32 = 7 * 86_400;
const LONGEST_TIMEOUT: u32 = 300;
const MOST_RETRIES: u32 = 10;
const LONGEST_RETRY_INTERVAL: u32 = 3_600;
const MOST_CERTIFICATE_DAYS: u32 = 3_650;
const LONGEST_NAME: usize = 200;

/// Checks that `check` can be saved beside checks with `other_names`; [`CheckError::Invalid`] says which
/// field is wrong and what it may be.
pub fn validate(check: &HealthCheck, other_names: &[&str]) -> Result<(), CheckError> {
    let name = check.name.trim();
    require(!name.is_empty(), || "the name is empty".to_owned())?;
    require(name.chars().count() <= LONGEST_NAME, || {
        format!("the name is longer than {LONGEST_NAME} characters")
    })?;
    require(!other_names.contains(&name), || format!("there is already a check named {name:?}"))?;
    within("interval", check.interval_seconds, 1, LONGEST_INTERVAL, " seconds")?;
    within("timeout", check.timeout_seconds, 1, LONGEST_TIMEOUT, " seconds")?;
    within("number of retries", check.retries, 0, MOST_RETRIES, "")?;
    within("retry interval", check.retry_interval_seconds, 0, LONGEST_RETRY_INTERVAL, " seconds")?;
    require(check.degraded_above_ms != Some(0), || {
        "the duration above which the check is degraded must be at least 1 millisecond".to_owned()
    })?;
    require(check.service.as_deref() != Some(""), || "the service name is empty".to_owned())?;
    validate_kind(&check.kind)
}

fn validate_kind(kind: &CheckKind) -> Result<(), CheckError> {
    match kind {
        CheckKind::Http { url, method, expected_status, body_contains, certificate_days } => {
            let parsed = Url::parse(url)
                .map_err(|error| CheckError::Invalid(format!("the address is not a valid URL: {error}")))?;
            require(matches!(parsed.scheme(), "http" | "https"), || {
                format!("the address must begin with http:// or https://, not {}://", parsed.scheme())
            })?;
            if let Some(days) = *certificate_days {
                require(parsed.scheme() == "https", || {
                    "only an https:// address has a certificate whose days can be watched".to_owned()
                })?;
                within("number of days a certificate must have left", days, 1, MOST_CERTIFICATE_DAYS, "")?;
            }
            require(parsed.port() != Some(0), || "the port must be 1 to 65535".to_owned())?;
            require(matches!(method.as_str(), "GET" | "HEAD" | "POST"), || {
                format!("the method must be GET, HEAD or POST, not {method:?}")
            })?;
            if let Some(code) = expected_status.iter().find(|code| !(100..600).contains(*code)) {
                return Err(CheckError::Invalid(format!(
                    "the expected status {code} is not between 100 and 599"
                )));
            }
            require(body_contains.as_deref() != Some(""), || {
                "the text the body must contain is empty; leave it out instead".to_owned()
            })?;
            require(method != "HEAD" || body_contains.is_none(), || {
                "an answer to HEAD has no body that could contain a text; use GET".to_owned()
            })
        }
        CheckKind::Tcp { host, port } => validate_address(host, *port),
        CheckKind::Postgres { host, port, database, user, query, .. } => {
            validate_address(host, *port)?;
            require(!database.trim().is_empty(), || "the database is empty".to_owned())?;
            require(!user.trim().is_empty(), || "the user is empty".to_owned())?;
            require(!query.trim().is_empty(), || "the query is empty".to_owned())
        }
        CheckKind::Redis { host, port, user, .. } => {
            validate_address(host, *port)?;
            require(user.as_deref() != Some(""), || "the user is empty; leave it out instead".to_owned())
        }
    }
}

fn validate_address(host: &str, port: u16) -> Result<(), CheckError> {
    require(!host.is_empty(), || "the host is empty".to_owned())?;
    let unfit = |character: char| character.is_whitespace() || character.is_control() || character == '@';
    require(!host.contains(unfit) && !host.contains("://"), || {
        format!("the host {:?} is not a host name or an address", host.rsplit('@').next().unwrap_or_default())
    })?;
    require(port != 0, || "the port must be 1 to 65535".to_owned())
}

fn require(holds: bool, message: impl FnOnce() -> String) -> Result<(), CheckError> {
    if holds { Ok(()) } else { Err(CheckError::Invalid(message())) }
}

fn within(what: &str, value: u32, least: u32, most: u32, unit: &str) -> Result<(), CheckError> {
    require((least..=most).contains(&value), || {
        format!("the {what} must be {least} to {most}{unit}, not {value}")
    })
}

/// The check as it is kept: names without surrounding space, the method in capitals, and a password in a
/// web address taken out (it is handed back, to be kept as the check's secret).
pub(crate) fn normalise(mut check: HealthCheck) -> (HealthCheck, Option<String>) {
    check.name = check.name.trim().to_owned();
    check.service =
        check.service.map(|service| service.trim().to_owned()).filter(|service| !service.is_empty());
    let mut password = None;
    if let CheckKind::Http { url, method, .. } = &mut check.kind {
        *method = method.trim().to_ascii_uppercase();
        *url = url.trim().to_owned();
        if let Ok(mut parsed) = Url::parse(url)
            && let Some(found) = parsed.password()
        {
            password = Some(percent_encoding::percent_decode_str(found).decode_utf8_lossy().into_owned());
            if parsed.set_password(None).is_ok() {
                *url = parsed.into();
            }
        }
    }
    (check, password)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: CheckKind) -> HealthCheck {
        HealthCheck {
            id: String::new(),
            name: "shop".into(),
            enabled: true,
            kind,
            interval_seconds: 30,
            timeout_seconds: 5,
            retries: 1,
            retry_interval_seconds: 5,
            degraded_above_ms: None,
            service: None,
        }
    }

    fn http(url: &str) -> HealthCheck {
        check(CheckKind::Http {
            url: url.into(),
            method: "GET".into(),
            expected_status: vec![],
            body_contains: None,
            certificate_days: None,
        })
    }

    fn with_days(url: &str, days: u32) -> HealthCheck {
        let mut check = http(url);
        if let CheckKind::Http { certificate_days, .. } = &mut check.kind {
            *certificate_days = Some(days);
        }
        check
    }

    fn refusal(check: &HealthCheck) -> String {
        validate(check, &["taken"]).unwrap_err().to_string()
    }

    #[test]
    fn good_checks_pass() {
        validate(&http("https://example.org/health?x=1"), &["taken"]).unwrap();
        validate(&check(CheckKind::Tcp { host: "::1".into(), port: 1 }), &[]).unwrap();
    }

    #[test]
    fn refusals_name_field_and_bound() {
        assert_eq!(refusal(&HealthCheck { name: " ".into(), ..http("http://a") }), "the name is empty");
        assert_eq!(
            refusal(&HealthCheck { name: " taken ".into(), ..http("http://a") }),
            "there is already a check named \"taken\""
        );
        assert!(refusal(&http("ftp://a")).contains("not ftp://"));
        assert!(refusal(&http("a b")).starts_with("the address is not a valid URL"));
        assert_eq!(
            refusal(&HealthCheck { interval_seconds: 0, ..http("http://a") }),
            "the interval must be 1 to 604800 seconds, not 0"
        );
        assert!(
            refusal(&HealthCheck { timeout_seconds: 301, ..http("http://a") }).starts_with("the timeout")
        );
        assert_eq!(
            refusal(&HealthCheck { retries: 11, ..http("http://a") }),
            "the number of retries must be 0 to 10, not 11"
        );
        assert!(refusal(&with_days("http://a", 14)).starts_with("only an https:// address"));
        assert!(refusal(&with_days("https://a", 0)).contains("must be 1 to 3650"));
        validate(&with_days("https://a", 14), &[]).unwrap();
        assert!(refusal(&check(CheckKind::Tcp { host: "a".into(), port: 0 })).starts_with("the port"));
    }

    #[test]
    fn a_host_with_a_password_is_refused_without_repeating_it() {
        let refused = refusal(&check(CheckKind::Tcp { host: "ann:hunter22@db".into(), port: 1 }));
        assert!(!refused.contains("hunter22"), "{refused}");
    }

    #[test]
    fn a_password_in_an_address_is_taken_out() {
        let (kept, password) = normalise(http(" https://ann:p%40ss@example.org/a "));
        assert_eq!(password.as_deref(), Some("p@ss"));
        assert!(matches!(kept.kind, CheckKind::Http { url, .. } if url == "https://ann@example.org/a"));
    }
}
