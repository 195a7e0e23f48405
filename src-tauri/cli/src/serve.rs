//! Running the engine in a terminal, and the demonstration shop.

use std::{path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use api::EngineBackend;
use engine::{Engine, EngineOptions};
use model::PartReporter;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use crate::{
    arguments::{DemoOptions, ServeOptions},
    output,
};

/// Serves until SIGTERM or SIGINT.
pub(crate) async fn run(data: PathBuf, options: ServeOptions) -> anyhow::Result<()> {
    let mut engine_options = EngineOptions::new(data);
    engine_options.settings_file = options.config;
    engine_options.otlp_grpc = options.otlp_grpc;
    engine_options.otlp_http = options.otlp_http;
    let stop = stop_signal()?;
    let engine = Engine::start(engine_options).await?;
    start_log(&engine);

    let settings = engine.settings().in_force();
    let address = options.http.unwrap_or(settings.listen.web);
    let address = if address.is_empty() { "127.0.0.1:0".to_owned() } else { address };
    let token = web::new_token();
    let reporter = PartReporter::new("console");
    let backend = Arc::new(EngineBackend::new(engine.clone()));
    let front = match web::serve(backend.clone(), &address, &token).await {
        Ok(front) => front,
        Err(error) => {
            // Another program has the port: the console is worth more than its usual address.
            tracing::error!("{error}; a free port is taken instead");
            web::serve(backend, "127.0.0.1:0", &token).await?
        }
    };
    reporter.healthy();
    engine.intake().register("web", front.address().trim_start_matches("http://"), reporter);
    engine.publish(&front.address(), &token)?;
    output::line(&format!("ready {}", front.link()))?;

    stop.cancelled().await;
    tracing::info!("stopping");
    front.stop().await;
    engine.stop().await;
    Ok(())
}

/// Sends the demonstration shop's telemetry.
pub(crate) async fn demonstrate(options: DemoOptions) -> anyhow::Result<ExitCode> {
    let stop = stop_signal()?;
    let endpoint = if options.to.contains("://") { options.to } else { format!("http://{}", options.to) };
    let seconds = u64::try_from(options.history.seconds()).unwrap_or_default();
    output::line(&format!("sending the demonstration shop to {endpoint}; end with Ctrl-C"))?;
    let shop = demo::Options {
        endpoint,
        history: Duration::from_secs(seconds),
        realtime: !options.once,
        seed: options.seed,
    };
    demo::run(shop, stop).await?;
    Ok(ExitCode::SUCCESS)
}

/// A token that SIGTERM or SIGINT cancels; a second signal ends the program at once.
fn stop_signal() -> anyhow::Result<CancellationToken> {
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    let mut terminate = TerminateSignal::new()?;
    tokio::spawn(async move {
        for round in 0.. {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                () = terminate.received() => {}
            }
            if round > 0 {
                std::process::exit(130);
            }
            stopped.cancel();
        }
    });
    Ok(stop)
}

#[cfg(unix)]
struct TerminateSignal(tokio::signal::unix::Signal);

#[cfg(unix)]
impl TerminateSignal {
    fn new() -> std::io::Result<Self> {
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).map(Self)
    }

    async fn received(&mut self) {
        self.0.recv().await;
    }
}

#[cfg(not(unix))]
struct TerminateSignal;

#[cfg(not(unix))]
impl TerminateSignal {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn received(&mut self) {
        std::future::pending().await
    }
}

/// Binnacle's own log on standard error, as much of it as the settings (or `RUST_LOG`) say.
fn start_log(engine: &Engine) {
    let level = engine.settings().in_force().log.level.name();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let (filter, handle) = tracing_subscriber::reload::Layer::new(filter);
    use tracing_subscriber::{layer::SubscriberExt as _, util::SubscriberInitExt as _};
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    if tracing_subscriber::registry().with(filter).with(layer).try_init().is_err() {
        return;
    }
    let mut settings = engine.settings().watch();
    tokio::spawn(async move {
        while settings.changed().await.is_ok() {
            let level = settings.borrow_and_update().log.level.name();
            // Fails only when the log is gone, and with it whoever could be told.
            let _ = handle.reload(EnvFilter::new(level));
        }
    });
}
