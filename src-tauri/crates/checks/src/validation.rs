//! Validation of a check before it is saved.

use model::HealthCheck;

use crate::{
    error::CheckError,
    fields::{require, require_within},
    kinds::AnyKind,
    registry::parse,
};

const MAX_INTERVAL: u32 = 7 * 86_400;
const MAX_TIMEOUT: u32 = 300;
const MAX_RETRIES: u32 = 10;
const MAX_RETRY_INTERVAL: u32 = 3_600;
const MAX_NAME_CHARACTERS: usize = 200;

/// Validates `check` beside checks with `other_names`. [`CheckError::Invalid`] names the field and
/// the permitted values.
pub fn validate(check: &HealthCheck, other_names: &[&str]) -> Result<(), CheckError> {
    let name = check.name.trim();
    require(!name.is_empty(), || "the name is empty".to_owned())?;
    require(name.chars().count() <= MAX_NAME_CHARACTERS, || {
        format!("the name is longer than {MAX_NAME_CHARACTERS} characters")
    })?;
    require(!other_names.contains(&name), || format!("there is already a check named {name:?}"))?;
    require_within("interval", check.interval_seconds, 1, MAX_INTERVAL, " seconds")?;
    require_within("timeout", check.timeout_seconds, 1, MAX_TIMEOUT, " seconds")?;
    require_within("number of retries", check.retries, 0, MAX_RETRIES, "")?;
    require_within("retry interval", check.retry_interval_seconds, 0, MAX_RETRY_INTERVAL, " seconds")?;
    require(check.degraded_above_ms != Some(0), || {
        "the duration above which the check is degraded must be at least 1 millisecond".to_owned()
    })?;
    require(check.service.as_deref() != Some(""), || "the service name is empty".to_owned())?;
    parse(&check.kind)?.validate()
}

/// A check in the form in which it is saved.
#[derive(Debug)]
pub(crate) struct NormalisedCheck {
    /// The check: names without surrounding space, settings as their kind saves them.
    pub(crate) check: HealthCheck,
    /// The parsed settings.
    pub(crate) kind: AnyKind,
    /// A secret that stood in the settings, to be stored as the check's secret.
    pub(crate) secret: Option<String>,
}

/// Brings a check into the form in which it is saved. Fails if its settings cannot be parsed.
pub(crate) fn normalise(mut check: HealthCheck) -> Result<NormalisedCheck, CheckError> {
    check.name = check.name.trim().to_owned();
    check.service =
        check.service.map(|service| service.trim().to_owned()).filter(|service| !service.is_empty());
    let mut kind = parse(&check.kind)?;
    let secret = kind.normalise();
    check.kind = (&kind).into();
    Ok(NormalisedCheck { check, kind, secret })
}

#[cfg(test)]
mod tests {
    use model::CheckKind;
    use serde_json::json;

    use super::*;
    use crate::kinds::{HttpCheck, TcpCheck};

    fn check(kind: impl Into<CheckKind>) -> HealthCheck {
        HealthCheck::new("shop", kind)
    }

    fn http(url: &str) -> HealthCheck {
        check(HttpCheck { url: url.into(), ..HttpCheck::default() })
    }

    fn with_days(url: &str, days: u32) -> HealthCheck {
        check(HttpCheck { url: url.into(), certificate_days: Some(days), ..HttpCheck::default() })
    }

    fn tcp(host: &str, port: u16) -> HealthCheck {
        check(TcpCheck { host: host.into(), port })
    }

    fn rejection(check: &HealthCheck) -> String {
        validate(check, &["taken"]).unwrap_err().to_string()
    }

    #[test]
    fn good_checks_pass() {
        validate(&http("https://example.org/health?x=1"), &["taken"]).unwrap();
        validate(&tcp("::1", 1), &[]).unwrap();
    }

    #[test]
    fn rejections_name_field_and_bound() {
        assert_eq!(rejection(&HealthCheck { name: " ".into(), ..http("http://a") }), "the name is empty");
        assert_eq!(
            rejection(&HealthCheck { name: " taken ".into(), ..http("http://a") }),
            "there is already a check named \"taken\""
        );
        assert!(rejection(&http("ftp://a")).contains("not ftp://"));
        assert!(rejection(&http("a b")).starts_with("the address is not a valid URL"));
        assert_eq!(
            rejection(&HealthCheck { interval_seconds: 0, ..http("http://a") }),
            "the interval must be 1 to 604800 seconds, not 0"
        );
        assert!(
            rejection(&HealthCheck { timeout_seconds: 301, ..http("http://a") }).starts_with("the timeout")
        );
        assert_eq!(
            rejection(&HealthCheck { retries: 11, ..http("http://a") }),
            "the number of retries must be 0 to 10, not 11"
        );
        assert!(rejection(&with_days("http://a", 14)).starts_with("only an https:// address"));
        assert!(rejection(&with_days("https://a", 0)).contains("must be 1 to 3650"));
        validate(&with_days("https://a", 14), &[]).unwrap();
        assert!(rejection(&tcp("a", 0)).starts_with("the port"));
    }

    #[test]
    fn a_host_with_a_password_is_rejected_without_repeating_it() {
        let rejection = rejection(&tcp("ann:hunter22@db", 1));
        assert!(rejection.contains("\"db\"") && !rejection.contains("hunter22"), "{rejection}");
    }

    #[test]
    fn a_password_in_the_settings_is_taken_out() {
        let normalised = normalise(http(" https://ann:p%40ss@example.org/a ")).unwrap();
        assert_eq!(normalised.secret.as_deref(), Some("p@ss"));
        assert_eq!(normalised.check.kind.settings()["url"], json!("https://ann@example.org/a"));
    }
}
