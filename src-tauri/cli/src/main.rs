//! `binnacle-cli`: the engine without a window, and questions to it from a terminal.

mod arguments;
mod checks;
mod connection;
mod data;
mod documents;
mod follow;
mod imports;
mod output;
mod rules;
mod sentry;
mod serve;
mod span_of_time;
mod telemetry;

use std::process::ExitCode;

use arguments::{Arguments, Command};
use clap::Parser as _;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("binnacle-cli: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let outcome = runtime.block_on(run(arguments));
    // Threads that wait for a disk or a name server must not keep the program from ending.
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("binnacle-cli: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let data = arguments.data.unwrap_or_else(engine::default_data_folder);
    match arguments.command {
        Command::Serve(options) => serve::run(data, options).await.map(|()| ExitCode::SUCCESS),
        Command::Status => telemetry::status(&data).await,
        Command::Query(question) => telemetry::query(&data, question).await,
        Command::Logs(question) => telemetry::logs(&data, question).await,
        Command::Traces(question) => telemetry::traces(&data, question).await,
        Command::Check(what) => checks::run(&data, what).await,
        Command::Rules(what) => rules::run(&data, what).await,
        Command::Sentry(what) => sentry::run(&data, what).await,
        Command::Report(what) => documents::report(&data, what).await,
        Command::Export(what) => documents::export(&data, what).await,
        Command::Import(what) => imports::run(&data, what).await,
        Command::Data(what) => data::run(&data, what).await,
        Command::Demo(options) => serve::demonstrate(options).await,
    }
}
