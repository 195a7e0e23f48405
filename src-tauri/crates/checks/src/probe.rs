//! One attempt at one check.

use std::time::Duration;

use model::{HealthCheck, HealthState};
use runtime::Clock;

use crate::{
    kind::ProbeContext,
    kinds::AnyKind,
    outcome::{Measurements, ProbeOutcome},
    registry::parse,
    verdict::apply_thresholds,
};

/// The length of a message. Servers can answer with long texts.
const MAX_MESSAGE_CHARACTERS: usize = 300;

/// Makes one attempt at `check`, at most `timeout_seconds` long. `secret` is the password of the
/// check. A failure is an outcome, never an error.
pub async fn probe(check: &HealthCheck, secret: Option<&str>, clock: &Clock) -> ProbeOutcome {
    match parse(&check.kind) {
        Ok(kind) => probe_kind(check, &kind, secret, clock).await,
        Err(error) => ProbeOutcome::unknown(error.to_string()),
    }
}

/// Makes one attempt at `check` of the parsed `kind`.
pub(crate) async fn probe_kind(
    check: &HealthCheck,
    kind: &AnyKind,
    secret: Option<&str>,
    clock: &Clock,
) -> ProbeOutcome {
    let timeout = Duration::from_secs(u64::from(check.timeout_seconds.max(1)));
    let secret = secret.filter(|secret| !secret.is_empty());
    let mut measurements = Measurements::new();
    let started = clock.instant();
    let context = ProbeContext { secret, timeout, clock, now: clock.now() };
    // The answer comes over a network, which a clock that stands still does not stop.
    let answer = tokio::time::timeout(timeout, kind.probe(context, &mut measurements)).await;
    let elapsed = clock.instant() - started;
    let (state, message) = match answer {
        Ok(Ok(message)) => {
            let warnings = kind.warnings(&measurements);
            apply_thresholds(message, elapsed, check.degraded_above_ms, warnings)
        }
        Ok(Err(failure)) if failure.is_own => (HealthState::Unknown, failure.message),
        Ok(Err(failure)) => (HealthState::Unhealthy, failure.message),
        Err(_) => (
            HealthState::Unhealthy,
            format!("no complete answer from {} within {} s", kind.target(), timeout.as_secs()),
        ),
    };
    ProbeOutcome {
        state,
        message: presentable(&message, secret),
        duration: i64::try_from(elapsed.as_nanos()).unwrap_or(i64::MAX),
        measurements,
    }
}

/// Returns the message as one line of bounded length. A secret that the server repeated is
/// replaced.
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
