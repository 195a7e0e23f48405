//! Binnacle's metrics of itself.

use std::time::Duration;

use model::{Attributes, PartReporter, Series};
use tokio_util::sync::CancellationToken;

use crate::Engine;

/// Writes Binnacle's own metrics at the interval of the settings until `stop`.
pub(crate) async fn run(engine: Engine, reporter: PartReporter, stop: CancellationToken) {
    let mut settings = engine.settings().watch();
    while !stop.is_cancelled() {
        let seconds = settings.borrow_and_update().own.interval_seconds;
        let round = stop.child_token();
        let source_engine = engine.clone();
        let source = move || measure(&source_engine);
        let collecting = collect::run_self(
            source,
            Duration::from_secs(u64::from(seconds)),
            engine.store().clone(),
            reporter.clone(),
            round.clone(),
        );
        let changed = async {
            while settings.changed().await.is_ok() {
                if settings.borrow_and_update().own.interval_seconds != seconds {
                    return;
                }
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = collecting => return,
            () = changed => round.cancel(),
        }
    }
}

fn measure(engine: &Engine) -> Vec<(Series, f64)> {
    let Some(status) = engine.watch_status().borrow().clone() else { return Vec::new() };
    let resource = collect::own_resource();
    let none = Attributes::new;
    let signal = |name: &str| Attributes::new().with("signal", name);
    let mut numbers = vec![
        (Series::gauge("binnacle_stored_bytes", "By", resource.clone(), none()), status.stored_bytes as f64),
        (
            Series::gauge("binnacle_alerts_firing", "{alert}", resource.clone(), none()),
            f64::from(status.alerts.firing),
        ),
    ];
    for (name, count) in [
        ("samples", status.committed.samples),
        ("logs", status.committed.logs),
        ("spans", status.committed.spans),
    ] {
        numbers.push((
            Series::counter("binnacle_records_committed_total", "{record}", resource.clone(), signal(name)),
            count as f64,
        ));
    }
    for listener in &status.listeners {
        let protocol = Attributes::new().with("protocol", listener.protocol.as_str());
        numbers.push((
            Series::counter(
                "binnacle_requests_refused_total",
                "{request}",
                resource.clone(),
                protocol.clone(),
            ),
            listener.refused as f64,
        ));
        numbers.push((
            Series::counter("binnacle_records_rejected_total", "{record}", resource.clone(), protocol),
            listener.rejected as f64,
        ));
    }
    for held_back in engine.store().held_back() {
        let source = Attributes::new()
            .with("held_back.service", held_back.service)
            .with("held_back.label", held_back.label);
        numbers.push((
            Series::counter("binnacle_points_held_back_total", "{point}", resource.clone(), source),
            held_back.points as f64,
        ));
    }
    for part in &status.parts {
        let name = Attributes::new().with("part", part.name.as_str());
        let value = part.state.value();
        if value.is_finite() {
            numbers.push((Series::gauge("binnacle_part_up", "1", resource.clone(), name), value));
        }
    }
    if let Some((seconds, bytes)) = process_usage() {
        numbers.push((
            Series::counter("binnacle_process_cpu_seconds_total", "s", resource.clone(), none()),
            seconds,
        ));
        numbers.push((Series::gauge("binnacle_process_resident_bytes", "By", resource, none()), bytes));
    }
    numbers
}

/// Processor seconds used and bytes resident, from `/proc`; nothing where there is none.
fn process_usage() -> Option<(f64, f64)> {
    // proc_pid_stat(5): times are in ticks, which Linux fixes at 100 a second for user space.
    const TICKS: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: f64 = resident.trim().trim_end_matches(" kB").trim().parse().ok()?;
    Some((ticks / TICKS, kibibytes * 1024.0))
}
