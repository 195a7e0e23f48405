//! Running the engine or the demonstration shop in a terminal.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use engine::{Engine, Log, shutdown_signal};
use runtime::Clock;
use web::{Console, ServeOptions};

use crate::{arguments::DemoOptions, output};

/// Serves until SIGTERM or SIGINT.
pub(crate) async fn run(data: PathBuf, options: ServeOptions) -> anyhow::Result<()> {
    let stop = shutdown_signal()?;
    let log = Log::start();
    let engine = Engine::start(options.engine_options(data)).await?;
    log.follow(engine.settings());

    let console = Console::open(&engine, options.http.as_deref()).await?;
    output::line(&format!("ready {}", console.link()))?;

    stop.cancelled().await;
    tracing::info!("stopping");
    console.stop().await;
    engine.stop().await;
    Ok(())
}

/// Sends the demonstration shop's telemetry.
pub(crate) async fn demonstrate(options: DemoOptions) -> anyhow::Result<ExitCode> {
    let stop = shutdown_signal()?;
    let endpoint = if options.to.contains("://") { options.to } else { format!("http://{}", options.to) };
    let seconds = u64::try_from(options.history.seconds()).unwrap_or_default();
    output::line(&format!("sending the demonstration shop to {endpoint}; end with Ctrl-C"))?;
    let shop = demo::Options {
        endpoint,
        history: Duration::from_secs(seconds),
        realtime: !options.once,
        seed: options.seed,
    };
    demo::run(shop, Clock::system(), stop).await?;
    Ok(ExitCode::SUCCESS)
}
