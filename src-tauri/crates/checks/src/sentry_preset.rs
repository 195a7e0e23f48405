//! The checks of a self-hosted Sentry, and the settings with which it sends its StatsD metrics to
//! Binnacle.
//!
//! Ports and paths are those of the self-hosted distribution (github.com/getsentry/self-hosted).
//! Its monitoring page (develop.sentry.dev, self-hosted, "Monitoring") names the StatsD settings of
//! each component.

use model::{CheckKind, HealthCheck, PresetSnippet, SentryPresetRequest};
use reqwest::Url;

use crate::{
    error::CheckError,
    kinds::{HttpCheck, PostgresCheck, RedisCheck, TcpCheck},
    validation::validate,
};

/// Returns the prefix of the ids of all checks of the installation `name`.
pub fn group(name: &str) -> String {
    let slug: String = name
        .trim()
        .to_lowercase()
        .chars()
        .map(|character| if character.is_alphanumeric() { character } else { '-' })
        .collect();
    format!("sentry-preset/{slug}/")
}

/// Returns the checks of the installation, each with a stable id. Errors name the field of the
/// request that cannot be used.
pub fn checks(request: &SentryPresetRequest) -> Result<Vec<HealthCheck>, CheckError> {
    let name = request.name.trim();
    if name.is_empty() {
        return Err(CheckError::Invalid("the name is empty".to_owned()));
    }
    let base = Url::parse(request.url.trim())
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .filter(|url| url.username().is_empty() && url.password().is_none())
        .ok_or_else(|| CheckError::Invalid("the address must begin with http:// or https://".to_owned()))?;
    let base = base.as_str().trim_end_matches('/').trim_end_matches("/api/0").to_owned();
    let host = request.host.trim();
    let inner = |port: u16, path: &str| format!("http://{}:{port}{path}", bracketed(host));
    let text = |text: &str| Some(text.to_owned());
    let components: [(&str, &str, CheckKind); 8] = [
        ("web", "web", http(format!("{base}/_health/"), text("ok"))),
        ("api", "web API", http(format!("{base}/api/0/"), None)),
        ("relay", "Relay", http(inner(3000, "/api/relay/healthcheck/ready/"), None)),
        ("snuba", "Snuba", http(inner(1218, "/health"), None)),
        ("clickhouse", "ClickHouse", http(inner(8123, "/ping"), text("Ok."))),
        ("kafka", "Kafka", TcpCheck { host: host.to_owned(), port: 9092 }.into()),
        ("redis", "Redis", RedisCheck { host: host.to_owned(), ..RedisCheck::default() }.into()),
        (
            "postgres",
            "PostgreSQL",
            PostgresCheck { host: host.to_owned(), ..PostgresCheck::default() }.into(),
        ),
    ];
    let checks: Vec<HealthCheck> = components
        .into_iter()
        .map(|(component, title, kind)| HealthCheck {
            id: format!("{}{component}", group(name)),
            timeout_seconds: 10,
            service: Some(name.to_owned()),
            ..HealthCheck::new(format!("{name}: {title}"), kind)
        })
        .collect();
    checks.iter().try_for_each(|check| validate(check, &[]))?;
    Ok(checks)
}

fn http(url: String, body_contains: Option<String>) -> CheckKind {
    HttpCheck { url, expected_status: vec![200], body_contains, ..HttpCheck::default() }.into()
}

/// Returns the host as a web address needs it: an IPv6 address in brackets.
fn bracketed(host: &str) -> String {
    if host.parse::<std::net::Ipv6Addr>().is_ok() { format!("[{host}]") } else { host.to_owned() }
}

/// Returns texts for the files of the installation. Its other components listen inside Docker only,
/// so their ports are published on this machine first.
pub fn snippets(request: &SentryPresetRequest) -> Vec<PresetSnippet> {
    let snippet = |title: &str, file: &str, text: String| PresetSnippet {
        title: title.to_owned(),
        file: file.to_owned(),
        text,
    };
    let mut snippets = vec![snippet(
        "Let the checks reach the components that listen inside Docker only",
        "docker-compose.override.yml",
        published_ports(),
    )];
    let Some((host, port)) = request.statsd.trim().rsplit_once(':') else { return snippets };
    let address = request.statsd.trim();
    snippets.push(snippet(
        "Receive StatsD here: the address must be one that the containers can reach, such as Docker's bridge",
        "settings.toml of Binnacle",
        format!("[listen]\nstatsd = \"{address}\"\n"),
    ));
    snippets.push(snippet(
        "Send StatsD from every component (self-hosted 25.9 and later)",
        ".env.custom",
        format!("STATSD_ADDR={address}\n"),
    ));
    snippets.push(snippet(
        "Or only from Sentry itself",
        "sentry/sentry.conf.py",
        format!(
            "SENTRY_METRICS_BACKEND = \"sentry.metrics.dogstatsd.DogStatsdMetricsBackend\"\n\
             SENTRY_METRICS_OPTIONS = {{\"statsd_host\": \"{host}\", \"statsd_port\": {port}}}\n\
             SENTRY_METRICS_SAMPLE_RATE = 1.0\n\
             SENTRY_METRICS_PREFIX = \"sentry.\"\n"
        ),
    ));
    snippets.push(snippet(
        "From Relay",
        "relay/config.yml",
        format!("metrics:\n  statsd: \"{address}\"\n  prefix: \"sentry.relay\"\n"),
    ));
    snippets.push(snippet(
        "From Snuba",
        "docker-compose.override.yml, under environment of the snuba services",
        format!("SNUBA_STATSD_HOST: \"{host}\"\nSNUBA_STATSD_PORT: {port}\n"),
    ));
    snippets
}

fn published_ports() -> String {
    let components = [
        ("relay", 3000),
        ("snuba-api", 1218),
        ("clickhouse", 8123),
        ("kafka", 9092),
        ("redis", 6379),
        ("postgres", 5432),
    ];
    let ports =
        components.map(|(name, port)| format!("  {name}:\n    ports: [\"127.0.0.1:{port}:{port}\"]\n"));
    format!("services:\n{}", ports.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> SentryPresetRequest {
        SentryPresetRequest {
            name: "My Sentry".into(),
            url: "https://sentry.example.org/".into(),
            host: "10.0.0.5".into(),
            statsd: "172.17.0.1:8125".into(),
        }
    }

    #[test]
    fn every_component_has_a_check_with_a_stable_id() {
        let checks = checks(&request()).unwrap();
        let ids: std::collections::BTreeSet<&str> = checks.iter().map(|check| check.id.as_str()).collect();
        assert_eq!(ids.len(), 8);
        assert!(ids.iter().all(|id| id.starts_with("sentry-preset/my-sentry/")));
        let targets: Vec<String> = checks.iter().map(|check| crate::target(&check.kind)).collect();
        for target in [
            "https://sentry.example.org/_health/",
            "https://sentry.example.org/api/0/",
            "http://10.0.0.5:3000/api/relay/healthcheck/ready/",
            "http://10.0.0.5:8123/ping",
            "10.0.0.5:9092",
        ] {
            assert!(targets.iter().any(|found| found == target), "{target} in {targets:?}");
        }
    }

    #[test]
    fn unusable_requests_are_rejected_by_field() {
        let rejection = |request: SentryPresetRequest| super::checks(&request).unwrap_err().to_string();
        assert_eq!(rejection(SentryPresetRequest { name: " ".into(), ..request() }), "the name is empty");
        assert!(rejection(SentryPresetRequest { url: "sentry".into(), ..request() }).contains("http://"));
        let secret = rejection(SentryPresetRequest { url: "https://a:hunter22@s".into(), ..request() });
        assert!(!secret.contains("hunter22"));
        assert!(rejection(SentryPresetRequest { host: String::new(), ..request() }).contains("empty host"));
        assert!(super::checks(&SentryPresetRequest { host: "::1".into(), ..request() }).is_ok());
    }

    #[test]
    fn snippets_name_the_requested_address() {
        let snippets = super::snippets(&request());
        assert!(snippets.iter().any(|one| one.text.contains("STATSD_ADDR=172.17.0.1:8125")));
        assert!(
            snippets
                .iter()
                .any(|one| one.text.contains("\"statsd_host\": \"172.17.0.1\", \"statsd_port\": 8125"))
        );
        assert_eq!(super::snippets(&SentryPresetRequest { statsd: String::new(), ..request() }).len(), 1);
    }
}
