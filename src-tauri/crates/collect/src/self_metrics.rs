//! The collector of self metrics.

use std::{sync::Arc, time::Duration};

use model::{Attributes, Resource, Series, TelemetryBatch};
use runtime::{Clock, HealthReporter, Schedule};
use store::Store;
use tokio_util::sync::CancellationToken;

use crate::{batch_writer::BatchWriter, host_name::host_name};

/// Returns the resource of self metrics: service `binnacle` on this machine.
pub fn self_resource() -> Arc<Resource> {
    Arc::new(Resource {
        attributes: Attributes::new()
            .with("service.name", "binnacle")
            .with("host.name", host_name())
            .with("service.version", env!("CARGO_PKG_VERSION")),
    })
}

/// Writes the values of `source` at once and then once per `interval`, until `stop` is cancelled.
/// `source` must not block.
pub async fn run_self_metrics(
    source: impl Fn() -> Vec<(Series, f64)> + Send + 'static,
    interval: Duration,
    store: Store,
    clock: Clock,
    reporter: HealthReporter,
    stop: CancellationToken,
) {
    let mut writer = BatchWriter::new(clock.clone(), store, reporter, stop.clone());
    let mut schedule = Schedule::new(interval.max(Duration::from_millis(100)), "binnacle");
    let mut wait = Duration::ZERO;
    loop {
        tokio::select! {
            () = clock.sleep(wait) => {}
            () = stop.cancelled() => return,
        }
        let now = schedule.begin(clock.now());
        let mut batch = TelemetryBatch::default();
        for (series, value) in source() {
            batch.add_sample(series, now, value);
        }
        writer.write(batch, "").await;
        wait = schedule.next_delay(clock.now());
    }
}
