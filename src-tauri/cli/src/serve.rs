//! Running the engine in a terminal, and the demonstration shop.

use std::{path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use api::EngineBackend;
use engine::{Engine, EngineOptions, Log, stop_signal};
use model::PartReporter;

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
    let log = Log::start();
    let engine = Engine::start(engine_options).await?;
    log.follow(engine.settings());

    let settings = engine.settings().in_force();
    let address = options.http.unwrap_or(settings.listen.web);
    let address = if address.is_empty() { "127.0.0.1:0".to_owned() } else { address };
    let token = engine.token(web::new_token)?;
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
