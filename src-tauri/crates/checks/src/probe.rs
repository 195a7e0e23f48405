//! One attempt at one check.

use std::time::{Duration, Instant};

use model::{CheckKind, HealthCheck, HealthState};

use crate::{
    connection,
    kinds::{http, postgres, redis},
    outcome::{Measurements, ProbeOutcome},
    verdict::apply_thresholds,
};

/// The length of a message. Servers can answer with long texts.
const MAX_MESSAGE_CHARACTERS: usize = 300;

/// Makes one attempt at `check`, at most `timeout_seconds` long. `secret` is the password of the check. A
/// failure is an outcome, never an error.
pub async fn probe(check: &HealthCheck, secret: Option<&str>) -> ProbeOutcome {
    let limit = Duration::from_secs(u64::from(check.timeout_seconds.max(1)));
    let secret = secret.filter(|secret| !secret.is_empty());
    let mut measurements = Measurements::new();
    let started = Instant::now();
    let answer = tokio::time::timeout(limit, attempt(&check.kind, secret, limit, &mut measurements)).await;
    let elapsed = started.elapsed();
    let (state, message) = match answer {
        Ok(Ok(message)) => apply_thresholds(check, elapsed, &measurements, message),
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
            http::probe(&request, secret, measurements).await
        }
        CheckKind::Tcp { host, port } => {
            connection::open(host, *port, measurements).await?;
            Ok(format!("connected to {}", connection::address(host, *port)))
        }
        CheckKind::Postgres { host, port, database, user, query, tls } => {
            let server = postgres::Server { host, port: *port, database, user, tls: *tls };
            postgres::probe(&server, query, secret, limit, measurements).await
        }
        CheckKind::Redis { host, port, database, user, tls } => {
            let server =
                redis::Server { host, port: *port, database: *database, user: user.as_deref(), tls: *tls };
            redis::probe(&server, secret, measurements).await
        }
    }
}

/// Returns the message as one line of bounded length. A secret that the server repeated is replaced.
fn presentable(message: &str, secret: Option<&str>) -> String {
    // A shorter secret would replace unrelated text and so reveal itself.
    const MIN_SECRET_LENGTH: usize = 4;
    let message = match secret {
        Some(secret) if secret.len() >= MIN_SECRET_LENGTH => message.replace(secret, "…"),
        _ => message.to_owned(),
    };
    let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MAX_MESSAGE_CHARACTERS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_one_short_line_without_the_secret() {
        let message = presentable("wrong\npassword hunter22\tgiven", Some("hunter22"));
        assert_eq!(message, "wrong password … given");
        assert_eq!(presentable(&"ä".repeat(1000), None).chars().count(), MAX_MESSAGE_CHARACTERS + 1);
    }
}
