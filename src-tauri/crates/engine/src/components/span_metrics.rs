//! Records rates and durations of the received spans as series.

use async_trait::async_trait;
use runtime::{Clock, HealthReporter};
use store::Store;
use tokio_util::sync::CancellationToken;

use super::component::Component;

/// The component that turns spans into series.
pub(crate) struct SpanMetrics {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
}

#[async_trait]
impl Component for SpanMetrics {
    async fn run(&self, health: HealthReporter, stop: CancellationToken) -> Result<(), String> {
        collect::run_span_metrics(self.store.clone(), self.clock.clone(), health, stop).await;
        Ok(())
    }
}
