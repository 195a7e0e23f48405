//! Conversion of a result to samples, so that checks can be charted and alerted on.

use std::sync::Arc;

use model::{
    Attributes, CheckResult, HealthCheck, HealthState, NANOS_PER_SECOND, Resource, Series, TelemetryBatch,
};

use crate::registry;

/// The service of checks that name none.
const SERVICE: &str = "checks";

/// Returns the series of `result`: `check_up` (1 healthy, 0.5 degraded, 0 unhealthy),
/// `check_duration_seconds` and `check_<measurement>`. An unknown result has none: nothing was
/// observed.
pub(crate) fn telemetry(check: &HealthCheck, result: &CheckResult) -> TelemetryBatch {
    let mut batch = TelemetryBatch::default();
    if result.state == HealthState::Unknown {
        return batch;
    }
    let resource = Arc::new(Resource::service_named(check.service.as_deref().unwrap_or(SERVICE)));
    let attributes = Attributes::new()
        .with("check", check.name.as_str())
        .with("kind", check.kind.name())
        .with("target", registry::target(&check.kind));
    let mut add = |name: &str, unit: &str, value: f64| {
        let series = Series::gauge(name, unit, resource.clone(), attributes.clone());
        batch.add_sample(series, result.time, value);
    };
    add("check_up", "", result.state.value());
    add("check_duration_seconds", "s", result.duration as f64 / NANOS_PER_SECOND as f64);
    for (name, value) in &result.measurements {
        add(&format!("check_{name}"), unit(name), *value);
    }
    batch
}

fn unit(measurement: &str) -> &'static str {
    match measurement {
        name if name.ends_with("_seconds") => "s",
        name if name.ends_with("_bytes") => "By",
        name if name.ends_with("_days") => "d",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use model::Timestamp;

    use super::*;
    use crate::kinds::TcpCheck;

    fn batch(state: HealthState) -> TelemetryBatch {
        let check = HealthCheck {
            id: "c".into(),
            ..HealthCheck::new("shop", TcpCheck { host: "db".into(), port: 5432 })
        };
        let result = CheckResult {
            check_id: "c".into(),
            time: Timestamp(7),
            state,
            duration: 250_000_000,
            message: String::new(),
            attempts: 1,
            measurements: BTreeMap::from([("connect_seconds".into(), 0.125)]),
        };
        telemetry(&check, &result)
    }

    #[test]
    fn a_result_becomes_samples() {
        let batch = batch(HealthState::Degraded);
        let found: Vec<_> = batch
            .series
            .iter()
            .zip(&batch.samples)
            .map(|((_, series), sample)| (series.name.as_str(), series.unit.as_str(), sample.value))
            .collect();
        assert_eq!(
            found,
            [
                ("check_up", "", 0.5),
                ("check_duration_seconds", "s", 0.25),
                ("check_connect_seconds", "s", 0.125)
            ]
        );
        let series = &batch.series[0].1;
        assert_eq!(series.resource.service(), "checks");
        assert_eq!(series.attributes.to_json(), r#"{"check":"shop","kind":"tcp","target":"db:5432"}"#);
    }

    #[test]
    fn unknown_results_leave_no_samples() {
        assert!(batch(HealthState::Unknown).is_empty());
    }
}
