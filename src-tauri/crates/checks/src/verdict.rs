//! From the outcome of an attempt to a verdict, and from a verdict to an incident. Pure.

use std::time::Duration;

use model::{CheckResult, HealthState, Incident};

use crate::{network::NetworkState, outcome::ProbeOutcome};

/// Returns the state of a good answer with its message. The answer is degraded when it took longer
/// than `degraded_above_ms` or when its kind has warnings.
pub(crate) fn apply_thresholds(
    message: String,
    elapsed: Duration,
    degraded_above_ms: Option<u32>,
    warnings: Vec<String>,
) -> (HealthState, String) {
    let slow = degraded_above_ms
        .filter(|allowed| elapsed > Duration::from_millis(u64::from(*allowed)))
        .map(|allowed| format!("{} ms, over {allowed} ms", elapsed.as_millis()));
    let reasons: Vec<String> = slow.into_iter().chain(warnings).collect();
    if reasons.is_empty() {
        (HealthState::Healthy, message)
    } else {
        (HealthState::Degraded, reasons.join("; "))
    }
}

/// Returns the verdict on an attempt. A failure says nothing about the target while this machine
/// has no network, unless the target is on this machine (`local`).
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

/// Returns the incident as `result` changes it, given the open incident, if any; none if nothing
/// changes. A bad result opens an incident or makes it worse, a healthy one ends it, an unknown one
/// changes nothing.
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

    #[test]
    fn slow_answers_and_warnings_are_degraded_and_say_by_how_much() {
        let found = |milliseconds, warnings: &[&str]| {
            let warnings = warnings.iter().map(ToString::to_string).collect();
            apply_thresholds("fine".into(), Duration::from_millis(milliseconds), Some(300), warnings)
        };
        assert_eq!(found(300, &[]), (HealthState::Healthy, "fine".into()));
        assert_eq!(found(412, &[]), (HealthState::Degraded, "412 ms, over 300 ms".into()));
        let both = "412 ms, over 300 ms; the certificate ends in 3.2 days, sooner than 14";
        let warnings = ["the certificate ends in 3.2 days, sooner than 14"];
        assert_eq!(found(412, &warnings), (HealthState::Degraded, both.into()));
    }
}
