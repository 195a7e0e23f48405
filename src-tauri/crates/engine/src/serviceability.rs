//! The state of services: their error ratio, held together with their alerts and checks.

use model::{
    AlertState, HealthState, Incident, NANOS_PER_SECOND, ServiceDetail, ServiceRequest, ServiceSummary,
    ServicesRequest, Timestamp, UNKNOWN_SERVICE,
};

use crate::{Engine, EngineError};

/// A service that was not heard for this long before the end of the range is not known to work, in minutes.
const SILENT_MINUTES: i64 = 15;

/// What Binnacle itself records is under these names.
const OWN_SERVICES: [&str; 4] = ["binnacle", "checks", "host", UNKNOWN_SERVICE];

impl Engine {
    /// Services with their figures, worst first; a firing alert or a failing check of a service makes its
    /// state worse and says why.
    pub async fn services(&self, request: &ServicesRequest) -> Result<Vec<ServiceSummary>, EngineError> {
        let mut services = self.store().services(request).await?;
        self.judge(&mut services, request.range.end).await?;
        services.sort_by(|one, other| {
            (other.state, other.rate).partial_cmp(&(one.state, one.rate)).unwrap_or(std::cmp::Ordering::Equal)
        });
        Ok(services)
    }

    /// Every service there is anything of but Binnacle's own, in the order they were first heard of, so that what is
    /// given out by that order, such as colours, is the same in every window.
    pub async fn service_names(&self) -> Result<Vec<String>, EngineError> {
        let mut names = self.store().service_names().await?;
        names.retain(|name| !OWN_SERVICES.contains(&name.as_str()));
        Ok(names)
    }

    /// One service in detail, in the same state as [`Engine::services`] gives it.
    pub async fn service(&self, request: &ServiceRequest) -> Result<Option<ServiceDetail>, EngineError> {
        let Some(mut detail) = self.store().service_detail(request).await? else { return Ok(None) };
        self.judge(std::slice::from_mut(&mut detail.summary), request.range.end).await?;
        Ok(Some(detail))
    }

    async fn judge(&self, services: &mut [ServiceSummary], end: Timestamp) -> Result<(), EngineError> {
        let alerts = self.store().alerts().await?;
        let incidents = self.store().open_incidents().await?;
        let checks = self.store().checks().await?;
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
                let about = ["service", "service.name"]
                    .iter()
                    .any(|key| alert.labels.get(*key) == Some(&service.service));
                if about && alert.state == AlertState::Firing {
                    worsen(service, HealthState::Degraded, &alert.rule_name);
                }
            }
            let name = service.service.clone();
            for check in checks.iter().filter(|check| check.service.as_deref() == Some(&name)) {
                let open = incidents.iter().find(|incident: &&Incident| incident.check_id == check.id);
                if let Some(incident) = open {
                    worsen(service, incident.worst, &format!("{}: {}", check.name, incident.message));
                }
            }
        }
        Ok(())
    }
}

fn worsen(service: &mut ServiceSummary, state: HealthState, reason: &str) {
    if state > service.state {
        service.state = state;
        service.reason = reason.to_owned();
    }
}

/// What to say of a service heard last at `last_seen` if that is too long before `end`.
fn silence(last_seen: Timestamp, end: Timestamp) -> Option<String> {
    let minutes = end.since(last_seen) / (60 * NANOS_PER_SECOND);
    (minutes >= SILENT_MINUTES).then(|| format!("no data for {}", alerts::duration_text(minutes * 60)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_that_fell_silent_is_not_called_healthy() {
        let at = |minutes: i64| Timestamp(minutes * 60 * NANOS_PER_SECOND);
        assert_eq!(silence(at(0), at(14)), None);
        assert_eq!(silence(at(0), at(28)), Some("no data for 28 minutes".to_owned()));
        assert_eq!(silence(at(5), at(0)), None, "a clock that runs ahead is no silence");
    }
}
