//! The time until the console has data, and the processor time and memory of an idle engine.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use model::{SamplesRequest, SeriesPoints, TimeRange, Timestamp};
use test_support::{
    display::Desktop,
    engine_process::{EngineProcess, SETTINGS},
    otlp_load::{OtlpConnection, now},
    wait::wait_for_every,
};

use crate::{
    batches::Batches,
    process::{Memory, ProcessorTime},
    table, window,
};

const SETTLE: Duration = Duration::from_secs(10);
/// Time between two checks for samples, short because it is the precision of the results.
const POLL_INTERVAL: Duration = Duration::from_millis(10);
const LENGTH: Duration = Duration::from_secs(60);
/// A metric of every machine.
const HOST_METRIC: &str = "system.memory.usage";
/// The engine checkpoints its log at 48 MiB, so that a full one has nearly that size.
const FULL_LOG: u64 = 45 << 20;

/// Starts an engine on a new folder and again on the same one, then leaves it idle for a minute.
/// Afterwards the engine is killed with a full log and started once more.
pub(crate) async fn run() -> Result<()> {
    let mut engine = EngineProcess::prepare(SETTINGS)?;
    let new = start(&mut engine).await?;
    engine.stop().await?;
    let again = start(&mut engine).await?;
    let process = engine.process_id()?;
    cores_over(process, SETTLE).await?;
    println!("idle for {} s ...", LENGTH.as_secs());
    let cores = cores_over(process, LENGTH).await?;
    let memory = Memory::of(process)?;
    println!("filling the log ...");
    let log = kill_with_full_log(&mut engine).await?;
    let killed = start(&mut engine).await?;
    ensure!(engine.stop().await?.success(), "the engine did not end well");
    let row = |name: &str, figure: String, target: &str| vec![name.to_owned(), figure, target.to_owned()];
    let both = |pick: fn(&Start) -> Duration| {
        format!("{:.2} s / {:.2} s", pick(&new).as_secs_f64(), pick(&again).as_secs_f64())
    };
    println!("opening the window twice ...");
    let (new_window, window_again) = windows()?;
    let both_windows = |pick: fn(&window::WindowStart) -> Duration| {
        format!("{:.2} s / {:.2} s", pick(&new_window).as_secs_f64(), pick(&window_again).as_secs_f64())
    };
    println!();
    table::print(
        &["figure", "measured", "target"],
        &[
            row("start to ready line, new folder / again", both(|start| start.ready), ""),
            row("start to first host metrics, same order", both(|start| start.first), ""),
            row("start to moving host metrics, same order", both(|start| start.moving), ""),
            row(
                &format!("start to ready line after kill -9, log of {} MiB", log >> 20),
                format!("{:.2} s", killed.ready.as_secs_f64()),
                "< 2 s",
            ),
            row("start to the window, same order", both_windows(|start| start.shown), ""),
            row("start to something in the window, same order", both_windows(|start| start.drawn), ""),
            row("start to a chart in the window, same order", both_windows(|start| start.chart), ""),
            row("start to a chart that moves, same order", both_windows(|start| start.moving), "< 1.5 s"),
            row("processor, idle at 5 s, % of a core", format!("{:.2}", cores * 100.0), "< 1"),
            row("resident memory, idle, MiB", format!("{:.0}", memory.resident), "< 120"),
            row("of that not backed by files, MiB", format!("{:.0}", memory.anonymous), ""),
        ],
    );
    Ok(())
}

/// Returns the processor cores that a process uses over `period`.
async fn cores_over(process: u32, period: Duration) -> Result<f64> {
    let before = ProcessorTime::of(process)?;
    tokio::time::sleep(period).await;
    Ok(ProcessorTime::of(process)?.cores_since(before))
}

/// Sends spans until the log is full, and kills the engine. Returns the size of the log in bytes.
async fn kill_with_full_log(engine: &mut EngineProcess) -> Result<u64> {
    let mut connection = OtlpConnection::open(engine.listener("otlp_grpc").await?).await?;
    let mut batches = Batches::spans(1_000, 0);
    let log = engine.data().join("binnacle.duckdb.wal");
    let size = || std::fs::metadata(&log).map_or(0, |file| file.len());
    while size() < FULL_LOG {
        let rejected = connection.send(batches.signal(), batches.next()).await?;
        ensure!(rejected == 0, "{rejected} spans were rejected");
    }
    engine.kill()?;
    Ok(size())
}

/// Starts the desktop program on a new folder, and again on the same one.
fn windows() -> Result<(window::WindowStart, window::WindowStart)> {
    let desktop = Desktop::start(1600, 1000)?;
    let data = desktop.scratch().join("window");
    std::fs::create_dir(&data)?;
    std::fs::write(data.join("settings.toml"), SETTINGS)?;
    Ok((window::start(&desktop, &data)?, window::start(&desktop, &data)?))
}

/// Times after the start of the process.
struct Start {
    /// The ready line.
    ready: Duration,
    /// One sample of a metric of this machine, as a chart reads it.
    first: Duration,
    /// Two of them.
    moving: Duration,
}

async fn start(engine: &mut EngineProcess) -> Result<Start> {
    let begun = Instant::now();
    let since = Timestamp(now() as i64);
    engine.launch(&[]).await?;
    let ready = begun.elapsed();
    let first = wait_for_samples(engine, since, 1, begun).await?;
    let moving = wait_for_samples(engine, since, 2, begun).await?;
    Ok(Start { ready, first, moving })
}

async fn wait_for_samples(
    engine: &EngineProcess,
    since: Timestamp,
    count: usize,
    begun: Instant,
) -> Result<Duration> {
    let request = SamplesRequest {
        metric: HOST_METRIC.to_owned(),
        matchers: Vec::new(),
        range: TimeRange::new(since, since.offset(600_000_000_000)),
        limit: 100,
    };
    let request = serde_json::to_value(request)?;
    wait_for_every(POLL_INTERVAL, &format!("there are samples of {HOST_METRIC}"), async || {
        let series: Vec<SeriesPoints> = engine.call("samples", request.clone()).await?;
        Ok(series.iter().any(|points| points.times.len() >= count).then(|| begun.elapsed()))
    })
    .await
}
