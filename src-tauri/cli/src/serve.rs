//! Running the engine or the demonstration shop in a terminal.

use std::{
    io::{self, IsTerminal as _},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use engine::{Engine, Log, shutdown_signal};
use runtime::Clock;
use web::{Console, ServeOptions};

use crate::{arguments::DemoOptions, open::Hint, output};

/// Serves until SIGTERM or SIGINT.
///
/// Prints one line, `ready ADDRESS`, once the engine accepts traffic. A link to the console follows
/// on a terminal only: other output is stored or read by other programs.
pub(crate) async fn run(data: PathBuf, options: ServeOptions, hint: &Hint<'_>) -> anyhow::Result<()> {
    let stop = shutdown_signal()?;
    let log = Log::start();
    let engine = Engine::start(options.engine_options(data)).await?;
    log.follow(engine.settings());

    let console = Console::open(&engine, options.http.as_deref()).await?;
    output::line(&format!("ready {}", console.address()))?;
    let link = || format!("open {}\n(works once, for 60 s; later: {hint})", console.link());
    if io::stderr().is_terminal() {
        eprintln!("{}", link());
    } else if io::stdout().is_terminal() {
        output::line(&link())?;
    }

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
