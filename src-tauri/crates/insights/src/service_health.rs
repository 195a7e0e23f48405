//! Service health: the error ratio of a service, combined with its alerts, checks and silence.

use std::cmp::Ordering;

use analysis::figures::format;
use model::{
    AlertState, HealthState, NANOS_PER_SECOND, ServiceDetail, ServiceRequest, ServiceSummary,
    ServicesRequest, Timestamp, UNKNOWN_SERVICE, value_of_label,
};
use store::{Snapshot, Store};

use crate::InsightError;

/// A service without data for this long before the end of the range has unknown health, in minutes.
const MAX_SILENCE_MINUTES: i64 = 15;

/// The service names Binnacle records its own data under.
const SELF_SERVICES: [&str; 4] = ["binnacle", "checks", "host", UNKNOWN_SERVICE];

/// Reads the services with their measures, worst first. A firing alert or a failing check of a
/// service lowers its state and gives the reason.
pub async fn services(store: &Store, request: &ServicesRequest) -> Result<Vec<ServiceSummary>, InsightError> {
    let snapshot = store.snapshot(request.range).await?;
    let mut services = snapshot.traces().services(request).await?;
    combine(&snapshot, &mut services, request.range.end).await?;
    services.sort_by(|one, other| {
        (other.state, other.rate).partial_cmp(&(one.state, one.rate)).unwrap_or(Ordering::Equal)
    });
    Ok(services)
}

/// Reads the names of all services but Binnacle's own, in the order in which the store first saw
/// them. Colors are assigned by that order, so that they are the same in every window.
pub async fn service_names(store: &Store) -> Result<Vec<String>, InsightError> {
    let mut names = store.traces().service_names().await?;
    names.retain(|name| !SELF_SERVICES.contains(&name.as_str()));
    Ok(names)
}

/// Reads one service in detail, with the same state as in [`services`].
pub async fn service(store: &Store, request: &ServiceRequest) -> Result<Option<ServiceDetail>, InsightError> {
    let snapshot = store.snapshot(request.range).await?;
    let Some(mut detail) = snapshot.traces().service_detail(request).await? else { return Ok(None) };
    combine(&snapshot, std::slice::from_mut(&mut detail.summary), request.range.end).await?;
    Ok(Some(detail))
}

/// Lowers the state of each service by its silence, its firing alerts and its open incidents.
async fn combine(
    snapshot: &Snapshot,
    services: &mut [ServiceSummary],
    end: Timestamp,
) -> Result<(), InsightError> {
    let alerts = snapshot.history().alerts().await?;
    let incidents = snapshot.history().open_incidents().await?;
    let checks = snapshot.history().checks().await?;
    for service in services {
        if matches!(service.state, HealthState::Degraded | HealthState::Unhealthy)
            && service.reason.is_empty()
        {
            service.reason = format!("{:.1}% of requests fail", service.error_ratio * 100.0);
        }
        if let Some(silence) = silence(service.last_seen, end) {
            worsen(service, HealthState::Unknown, &silence);
        }
        for alert in &alerts {
            let is_about = value_of_label(&alert.labels, "service") == Some(service.service.as_str());
            if is_about && alert.state == AlertState::Firing {
                worsen(service, HealthState::Degraded, &alert.rule_name);
            }
        }
        let name = service.service.clone();
        for check in checks.iter().filter(|check| check.service.as_deref() == Some(&name)) {
            if let Some(open) = incidents.iter().find(|incident| incident.check_id == check.id) {
                worsen(service, open.worst, &format!("{}: {}", check.name, open.message));
            }
        }
    }
    Ok(())
}

fn worsen(service: &mut ServiceSummary, state: HealthState, reason: &str) {
    if state > service.state {
        service.state = state;
        service.reason = reason.to_owned();
    }
}

/// Returns the reason for a service whose last data are too long before `end`. None otherwise.
fn silence(last_seen: Timestamp, end: Timestamp) -> Option<String> {
    let nanoseconds = end.since(last_seen);
    let is_silent = nanoseconds >= MAX_SILENCE_MINUTES * 60 * NANOS_PER_SECOND;
    is_silent.then(|| format!("no data for {}", format(nanoseconds as f64, "ns")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_service_is_not_reported_as_healthy() {
        let at = |minutes: i64| Timestamp(minutes * 60 * NANOS_PER_SECOND);
        assert_eq!(silence(at(0), at(14)), None);
        assert_eq!(silence(at(0), at(28)), Some("no data for 28 min".to_owned()));
        assert_eq!(silence(at(5), at(0)), None, "a clock that runs ahead is no silence");
    }
}
