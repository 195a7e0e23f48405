//! Binnacle's metrics of itself.

use std::{sync::Arc, time::Duration};

use model::{Attributes, PartReporter, Resource, Series, TelemetryBatch};
use store::Store;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::{clock, delivery::Delivery};

/// The resource of Binnacle's own series: service `binnacle` on this machine.
pub fn own_resource() -> Arc<Resource> {
    Arc::new(Resource {
        attributes: Attributes::new()
            .with("service.name", "binnacle")
            .with("host.name", clock::host_name())
            .with("service.version", env!("CARGO_PKG_VERSION")),
    })
}

/// Writes what `source` tells every `interval`, at once for the first time, until `stop` is cancelled.
/// `source` must answer quickly and without blocking.
pub async fn run_self(
    source: impl Fn() -> Vec<(Series, f64)> + Send + 'static,
    interval: Duration,
    store: Store,
    reporter: PartReporter,
    stop: CancellationToken,
) {
    let mut delivery = Delivery::new(store, reporter, stop.clone());
    let mut ticks = tokio::time::interval(interval.max(Duration::from_millis(100)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.cancelled() => return,
        }
        let now = clock::now();
        let mut batch = TelemetryBatch::default();
        for (series, value) in source() {
            batch.add_sample(series, now, value);
        }
        delivery.write(batch, "").await;
    }
}
