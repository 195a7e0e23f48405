//! One attempt at one check.

mod certificate;
mod connection;
mod http;
mod number;
mod postgres;
mod redis;

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use model::{CheckKind, HealthCheck, HealthState};

/// Messages are cut here; what servers say of themselves can be long.
const MESSAGE_CHARACTERS: usize = 300;

/// Numbers found during an attempt, by name; kept also when the attempt fails or is cut off.
pub(crate) type Measurements = BTreeMap<String, f64>;

/// What one attempt found.
#[derive(Debug, Clone, PartialEq)]
pub struct ProbeOutcome {
    /// The verdict on this attempt alone.
    pub state: HealthState,
    /// What was found or what failed, in one line of plain words, without any secret.
    pub message: String,
    /// How long the attempt took, in nanoseconds.
    pub duration: i64,
    /// Numbers found on the way, such as `connect_seconds` or `status_code`.
    pub measurements: BTreeMap<String, f64>,
}

/// Makes one attempt at `check`, at most `timeout_seconds` long. `secret` is the password (PostgreSQL,
/// Redis, or HTTP basic authentication when the address names a user), or the bearer token of an HTTP
/// check whose address names no user. A failure is an outcome, never an error.
pub async fn probe(check: &HealthCheck, secret: Option<&str>) -> ProbeOutcome {
    let limit = Duration::from_secs(u64::from(check.timeout_seconds.max(1)));
    let secret = secret.filter(|secret| !secret.is_empty());
    let mut measurements = Measurements::new();
    let started = Instant::now();
    let answer = tokio::time::timeout(limit, attempt(&check.kind, secret, limit, &mut measurements)).await;
    let elapsed = started.elapsed();
    let (state, message) = match answer {
        Ok(Ok(message)) => judge(check, elapsed, &measurements, message),
        Ok(Err(failure)) => (HealthState::Unhealthy, failure),
        Err(_) => (
            HealthState::Unhealthy,
            format!("no complete answer from {} within {} s", check.kind.target(), limit.as_secs()),
        ),
    };
    ProbeOutcome {
        state,
        message: presentable(&message, secret),
        duration: i64::try_from(elapsed.as_nanos()).unwrap_or(i64::MAX),
        measurements,
    }
}

async fn attempt(
    kind: &CheckKind,
    secret: Option<&str>,
    limit: Duration,
    measurements: &mut Measurements,
) -> Result<String, String> {
    match kind {
        CheckKind::Http { url, method, expected_status, body_contains, .. } => {
            let request =
                http::Request { url, method, expected_status, body_contains: body_contains.as_deref() };
            http::ask(&request, secret, measurements).await
        }
        CheckKind::Tcp { host, port } => {
            connection::open(host, *port, measurements).await?;
            Ok(format!("connected to {}", connection::address(host, *port)))
        }
        CheckKind::Postgres { host, port, database, user, query, tls } => {
            let server = postgres::Server { host, port: *port, database, user, tls: *tls };
            postgres::ask(&server, query, secret, limit, measurements).await
        }
        CheckKind::Redis { host, port, database, user, tls } => {
            let server =
                redis::Server { host, port: *port, database: *database, user: user.as_deref(), tls: *tls };
            redis::ask(&server, secret, measurements).await
        }
    }
}

/// A good answer is degraded when it took longer than allowed or when the server's certificate ends too soon.
fn judge(
    check: &HealthCheck,
    elapsed: Duration,
    measurements: &Measurements,
    message: String,
) -> (HealthState, String) {
    let slow = check
        .degraded_above_ms
        .filter(|allowed| elapsed > Duration::from_millis(u64::from(*allowed)))
        .map(|allowed| format!("{} ms, over {allowed} ms", elapsed.as_millis()));
    let ending = match check.kind {
        CheckKind::Http { certificate_days: Some(wanted), .. } => measurements
            .get(http::CERTIFICATE_DAYS)
            .filter(|left| **left < f64::from(wanted))
            .map(|left| format!("the certificate ends in {left:.1} days, sooner than {wanted}")),
        _ => None,
    };
    let faults: Vec<String> = slow.into_iter().chain(ending).collect();
    if faults.is_empty() {
        (HealthState::Healthy, message)
    } else {
        (HealthState::Degraded, faults.join("; "))
    }
}

/// One line of bounded length. Should a server repeat the password in its answer, it is blotted out.
fn presentable(message: &str, secret: Option<&str>) -> String {
    // Shorter secrets would blot out innocent text and so give themselves away.
    const SHORTEST_SECRET: usize = 4;
    let message = match secret {
        Some(secret) if secret.len() >= SHORTEST_SECRET => message.replace(secret, "…"),
        _ => message.to_owned(),
    };
    let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MESSAGE_CHARACTERS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(milliseconds: u64, certificate: f64) -> (HealthState, String) {
        let check = HealthCheck {
            id: "c".into(),
            name: "shop".into(),
            enabled: true,
            kind: CheckKind::Http {
                url: "https://shop".into(),
                method: "GET".into(),
                expected_status: vec![],
                body_contains: None,
                certificate_days: Some(14),
            },
            interval_seconds: 10,
            timeout_seconds: 1,
            retries: 0,
            retry_interval_seconds: 1,
            degraded_above_ms: Some(300),
            service: None,
        };
        let measurements = Measurements::from([(http::CERTIFICATE_DAYS.into(), certificate)]);
        judge(&check, Duration::from_millis(milliseconds), &measurements, "fine".into())
    }

    #[test]
    fn slow_answers_and_ending_certificates_are_degraded_and_say_by_how_much() {
        assert_eq!(judged(300, 14.0), (HealthState::Healthy, "fine".into()));
        assert_eq!(judged(412, 90.0), (HealthState::Degraded, "412 ms, over 300 ms".into()));
        let both = "412 ms, over 300 ms; the certificate ends in 3.2 days, sooner than 14";
        assert_eq!(judged(412, 3.21), (HealthState::Degraded, both.into()));
    }

    #[test]
    fn messages_are_one_short_line_without_the_secret() {
        let message = presentable("wrong\npassword hunter22\tgiven", Some("hunter22"));
        assert_eq!(message, "wrong password … given");
        assert_eq!(presentable(&"ä".repeat(1000), None).chars().count(), MESSAGE_CHARACTERS + 1);
    }
}
