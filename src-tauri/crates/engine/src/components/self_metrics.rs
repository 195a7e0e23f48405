//! Records Binnacle's self metrics as series.

use std::{sync::Arc, time::Duration};

use alerts::{AlertService, EvaluationStatistics};
use async_trait::async_trait;
use config::Settings;
use model::{Attributes, EngineStatus, Resource, Series};
use runtime::{Clock, HealthReporter};
use store::{CardinalityLimit, DroppedSeries, Store};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::component::Component;
use crate::{process, settings::selection_changed};

/// The component that writes self metrics at the interval of the settings.
pub(crate) struct SelfMetrics {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) settings: watch::Receiver<Settings>,
    pub(crate) status: watch::Receiver<Option<EngineStatus>>,
    pub(crate) alerts: AlertService,
}

#[async_trait]
impl Component for SelfMetrics {
    async fn run(&self, health: HealthReporter, stop: CancellationToken) -> Result<(), String> {
        let mut settings = self.settings.clone();
        while !stop.is_cancelled() {
            let seconds = settings.borrow_and_update().self_metrics.interval_seconds;
            let interval_stop = stop.child_token();
            let (status, store, alerts) = (self.status.clone(), self.store.clone(), self.alerts.clone());
            let source = move || {
                let status = status.borrow().clone();
                let dropped = store.admin().dropped_series();
                let of_status = |status| measure(&status, &dropped, alerts.evaluation_statistics());
                status.map(of_status).unwrap_or_default()
            };
            let collecting = collect::run_self_metrics(
                source,
                Duration::from_secs(u64::from(seconds)),
                self.store.clone(),
                self.clock.clone(),
                health.clone(),
                interval_stop.clone(),
            );
            tokio::select! {
                () = collecting => return Ok(()),
                () = selection_changed(&mut settings, &seconds, |settings| &settings.self_metrics.interval_seconds) => {
                    interval_stop.cancel();
                }
            }
        }
        Ok(())
    }
}

/// Returns the self metrics with their current values.
fn measure(
    status: &EngineStatus,
    dropped: &[DroppedSeries],
    rules: EvaluationStatistics,
) -> Vec<(Series, f64)> {
    let mut metrics = SelfSeries { resource: collect::self_resource(), values: Vec::new() };
    let none = Attributes::new;
    metrics.gauge("binnacle_stored_bytes", "By", none(), status.stored_bytes as f64);
    metrics.gauge("binnacle_alerts_firing", "{alert}", none(), f64::from(status.alerts.firing));
    let EvaluationStatistics { evaluations, failures, lateness } = rules;
    metrics.counter("binnacle_rule_evaluations_total", "{evaluation}", none(), evaluations as f64);
    metrics.counter("binnacle_rule_evaluation_failures_total", "{evaluation}", none(), failures as f64);
    metrics.gauge("binnacle_rule_evaluation_lateness_seconds", "s", none(), lateness);
    for (signal, count) in [
        ("samples", status.committed.samples),
        ("logs", status.committed.logs),
        ("spans", status.committed.spans),
    ] {
        let signal = Attributes::new().with("signal", signal);
        metrics.counter("binnacle_records_committed_total", "{record}", signal, count as f64);
    }
    for listener in &status.listeners {
        let protocol = Attributes::new().with("protocol", listener.protocol.as_str());
        let (refused, rejected) = (listener.rejected_requests as f64, listener.rejected_records as f64);
        metrics.counter("binnacle_requests_refused_total", "{request}", protocol.clone(), refused);
        metrics.counter("binnacle_records_rejected_total", "{record}", protocol, rejected);
    }
    for one in dropped.iter().filter(|one| one.limit != CardinalityLimit::LabelSetBytes) {
        let source = Attributes::new()
            .with("dropped.service", one.service.as_str())
            .with("dropped.label", one.label.as_str());
        metrics.counter("binnacle_points_dropped_total", "{point}", source, one.points as f64);
    }
    for component in &status.components {
        let value = component.state.value();
        if value.is_finite() {
            let name = Attributes::new().with("component", component.name.as_str());
            metrics.gauge("binnacle_component_up", "1", name, value);
        }
    }
    if let Some(usage) = process::usage() {
        metrics.counter("binnacle_process_cpu_seconds_total", "s", none(), usage.cpu_seconds);
        metrics.gauge("binnacle_process_resident_bytes", "By", none(), usage.resident_bytes);
    }
    if let Some(files) = process::open_files() {
        metrics.gauge("binnacle_process_open_files", "{file}", none(), files as f64);
    }
    metrics.values
}

/// Series of Binnacle's resource, collected one by one.
struct SelfSeries {
    resource: Arc<Resource>,
    values: Vec<(Series, f64)>,
}

impl SelfSeries {
    fn gauge(&mut self, name: &str, unit: &str, labels: Attributes, value: f64) {
        self.values.push((Series::gauge(name, unit, self.resource.clone(), labels), value));
    }

    fn counter(&mut self, name: &str, unit: &str, labels: Attributes, value: f64) {
        self.values.push((Series::counter(name, unit, self.resource.clone(), labels), value));
    }
}
