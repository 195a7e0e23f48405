//! What the engine says of itself, once a second.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use model::{CheckCounts, EngineStatus, HealthState, RecordCounts};
use tokio_util::sync::CancellationToken;

use crate::{Engine, now};

const EVERY: Duration = Duration::from_secs(1);
/// Rates are taken over this many readings.
const READINGS: usize = 10;

/// Recent counts, to tell rates.
#[derive(Debug, Default)]
pub(crate) struct Rates {
    readings: VecDeque<(Instant, RecordCounts)>,
}

impl Rates {
    /// Records per second since the oldest reading kept.
    fn add(&mut self, counts: RecordCounts) -> RecordCounts {
        let at = Instant::now();
        self.readings.push_back((at, counts));
        if self.readings.len() > READINGS + 1 {
            self.readings.pop_front();
        }
        let Some((since, before)) = self.readings.front() else { return RecordCounts::default() };
        let seconds = at.duration_since(*since).as_secs_f64();
        let rate = |now: u64, then: u64| {
            if seconds > 0.0 { (now.saturating_sub(then) as f64 / seconds).round() as u64 } else { 0 }
        };
        RecordCounts {
            samples: rate(counts.samples, before.samples),
            logs: rate(counts.logs, before.logs),
            spans: rate(counts.spans, before.spans),
        }
    }
}

/// Publishes the status each second until `stop`.
pub(crate) async fn run(engine: Engine, stop: CancellationToken) {
    let mut rates = Rates::default();
    loop {
        let status = read(&engine, &mut rates).await;
        engine.inner.status.send_replace(Some(status));
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

pub(crate) async fn read(engine: &Engine, rates: &mut Rates) -> EngineStatus {
    let inner = &engine.inner;
    let statistics = inner.store.statistics().await.unwrap_or_default();
    let committed = RecordCounts {
        samples: statistics.samples.saturating_sub(inner.held_at_start.samples),
        logs: statistics.logs.saturating_sub(inner.held_at_start.logs),
        spans: statistics.spans.saturating_sub(inner.held_at_start.spans),
    };
    let demonstration_data = inner.store.has_demonstration().await.unwrap_or_default();
    let checks = inner.store.latest_check_results().await.unwrap_or_default();
    let are = |state| checks.iter().filter(|result| result.state == state).count() as u32;
    let demonstration = match inner.demonstration.try_lock() {
        Ok(demonstration) => demonstration.is_running(),
        // Starting or stopping right now.
        Err(_) => true,
    };
    EngineStatus {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        host: hostname::get().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        started: inner.started,
        now: now(),
        data_folder: inner.data_folder.display().to_string(),
        settings_file: inner.settings.path().display().to_string(),
        parts: inner.parts.statuses(),
        listeners: inner.intake.statuses(),
        notices: inner.notices.update(
            inner.store.disk_room().await,
            &inner.store.partition_faults(),
            &inner.store.held_back(),
            now(),
        ),
        committed,
        rate: rates.add(committed),
        stored_bytes: statistics.bytes,
        alerts: inner.alerts.counts(),
        checks: CheckCounts { degraded: are(HealthState::Degraded), unhealthy: are(HealthState::Unhealthy) },
        paused: inner.paused.borrow().is_some(),
        muted_until: inner.alerts.muted_until(),
        demonstration,
        demonstration_data,
    }
}
