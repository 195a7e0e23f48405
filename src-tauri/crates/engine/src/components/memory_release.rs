//! Gives memory back to the system after large work.

use std::time::Duration;

use async_trait::async_trait;
use runtime::{Clock, HealthReporter};
use store::Store;
use tokio_util::sync::CancellationToken;

use super::component::Component;
use crate::process;

/// Time between two checks.
const INTERVAL: Duration = Duration::from_secs(10);
/// Processor seconds of an interval up to which the engine is idle.
const IDLE_SECONDS: f64 = 1.0;
/// Bytes above the use after the last release from which an idle engine gives memory back.
const EXCESS_BYTES: f64 = 32e6;

/// The component that gives memory back once the engine is idle. The allocator retains what was
/// freed in case that it is needed again, and the database what it has read.
pub(crate) struct MemoryRelease {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
}

#[async_trait]
impl Component for MemoryRelease {
    async fn run(&self, health: HealthReporter, stop: CancellationToken) -> Result<(), String> {
        health.healthy();
        // The start itself reads much.
        let (mut before, mut released) = (0.0, 0.0);
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = self.clock.sleep(INTERVAL) => {}
            }
            let Some(usage) = process::usage() else { continue };
            let is_idle = usage.cpu_seconds - before <= IDLE_SECONDS;
            before = usage.cpu_seconds;
            released = usage.resident_bytes.min(released);
            if is_idle && usage.resident_bytes > released + EXCESS_BYTES {
                if let Err(error) = self.store.admin().release_cache().await {
                    tracing::debug!(%error, "the cache of the database stays in memory");
                }
                // Fails only when the runtime ends.
                let _ = tokio::task::spawn_blocking(process::release_freed_memory).await;
                released = process::usage().map_or(0.0, |usage| usage.resident_bytes);
            }
        }
    }
}
