//! From the outcome of an attempt to a verdict, and from a verdict to an incident. Pure.

use std::time::Duration;

use model::{CheckKind, CheckResult, HealthCheck, HealthState, Incident};

use crate::{
    kinds::http,
    network::NetworkState,
    outcome::{Measurements, ProbeOutcome},
};

/// Returns the state of a good answer with its message. It is degraded when it took longer than the threshold
/// or when the server's certificate ends too soon.
pub(crate) fn apply_thresholds(
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

/// Returns the verdict on an attempt. A failure says nothing about the target while this machine has no
/// network, unless the target is on this machine (`local`).
pub fn verdict(outcome: ProbeOutcome, network: NetworkState, local: bool) -> ProbeOutcome {
    if outcome.state == HealthState::Unhealthy && network == NetworkState::Offline && !local {
        return ProbeOutcome {
            state: HealthState::Unknown,
            message: "this machine is offline".to_owned(),
            ..outcome
        };
    }
    outcome
}

/// Returns the incident as `result` changes it, given the open incident, if any; none if nothing changes. A
/// bad result opens an incident or makes it worse, a healthy one ends it, an unknown one changes nothing.
pub fn incident_change(open: Option<&Incident>, result: &CheckResult) -> Option<Incident> {
    match (open, result.state) {
        (_, HealthState::Unknown) | (None, HealthState::Healthy) => None,
        (None, HealthState::Degraded | HealthState::Unhealthy) => Some(Incident {
            id: format!("{}-{}", result.check_id, result.time.0),
            check_id: result.check_id.clone(),
            started: result.time,
            ended: None,
            worst: result.state,
            message: result.message.clone(),
        }),
        (Some(open), HealthState::Healthy) => Some(Incident { ended: Some(result.time), ..open.clone() }),
        (Some(open), worse) if worse > open.worst => Some(Incident { worst: worse, ..open.clone() }),
        (Some(_), HealthState::Degraded | HealthState::Unhealthy) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use model::Timestamp;

    use super::*;

    fn result(time: i64, state: HealthState) -> CheckResult {
        CheckResult {
            check_id: "c".into(),
            time: Timestamp(time),
            state,
            duration: 1,
            message: format!("at {time}"),
            attempts: 1,
            measurements: BTreeMap::new(),
        }
    }

    #[test]
    fn an_incident_opens_worsens_and_ends() {
        assert_eq!(incident_change(None, &result(1, HealthState::Healthy)), None);
        let opened = incident_change(None, &result(2, HealthState::Degraded)).unwrap();
        assert_eq!((opened.started, opened.ended, opened.worst), (Timestamp(2), None, HealthState::Degraded));
        assert_eq!(incident_change(Some(&opened), &result(3, HealthState::Degraded)), None);
        let worse = incident_change(Some(&opened), &result(4, HealthState::Unhealthy)).unwrap();
        assert_eq!((worse.id.as_str(), worse.worst), (opened.id.as_str(), HealthState::Unhealthy));
        assert_eq!(worse.message, "at 2");
        assert_eq!(incident_change(Some(&worse), &result(5, HealthState::Degraded)), None);
        let ended = incident_change(Some(&worse), &result(6, HealthState::Healthy)).unwrap();
        assert_eq!((ended.ended, ended.worst), (Some(Timestamp(6)), HealthState::Unhealthy));
    }

    #[test]
    fn unknown_neither_opens_nor_ends() {
        assert_eq!(incident_change(None, &result(1, HealthState::Unknown)), None);
        let open = incident_change(None, &result(2, HealthState::Unhealthy)).unwrap();
        assert_eq!(incident_change(Some(&open), &result(3, HealthState::Unknown)), None);
    }

    #[test]
    fn only_failures_of_remote_targets_are_unknown_while_offline() {
        let outcome =
            |state| ProbeOutcome { state, message: "m".into(), duration: 1, measurements: BTreeMap::new() };
        let found = |state, network, local| verdict(outcome(state), network, local).state;
        assert_eq!(found(HealthState::Unhealthy, NetworkState::Offline, false), HealthState::Unknown);
        assert_eq!(found(HealthState::Unhealthy, NetworkState::Offline, true), HealthState::Unhealthy);
        assert_eq!(found(HealthState::Unhealthy, NetworkState::Online, false), HealthState::Unhealthy);
        assert_eq!(found(HealthState::Healthy, NetworkState::Offline, false), HealthState::Healthy);
    }

    fn with_thresholds(milliseconds: u64, certificate: f64) -> (HealthState, String) {
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
        apply_thresholds(&check, Duration::from_millis(milliseconds), &measurements, "fine".into())
    }

    #[test]
    fn slow_answers_and_ending_certificates_are_degraded_and_say_by_how_much() {
        assert_eq!(with_thresholds(300, 14.0), (HealthState::Healthy, "fine".into()));
        assert_eq!(with_thresholds(412, 90.0), (HealthState::Degraded, "412 ms, over 300 ms".into()));
        let both = "412 ms, over 300 ms; the certificate ends in 3.2 days, sooner than 14";
        assert_eq!(with_thresholds(412, 3.21), (HealthState::Degraded, both.into()));
    }
}
