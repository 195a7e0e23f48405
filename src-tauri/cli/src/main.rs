//! `binnacle-cli`: the engine without a window, and a client of it for the terminal.

mod arguments;
mod checks;
mod confirmations;
mod connection;
mod data;
mod documents;
mod duration_argument;
mod generate;
mod imports;
mod logs;
mod metrics;
mod open;
mod output;
mod rules;
mod sentry;
mod serve;
mod status;
mod trace;
mod traces;

use std::process::ExitCode;

use arguments::{Arguments, Command};
use clap::Parser as _;
use model::visible_block;

fn main() -> ExitCode {
    runtime::restrict_new_files();
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("binnacle-cli: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let outcome = runtime.block_on(run(arguments));
    // Threads that wait for a disk or a name server must not delay the end of the program.
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("binnacle-cli: {}", visible_block(&format!("{error:#}")));
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let given = arguments.data;
    let data = given.clone().unwrap_or_else(engine::default_data_folder);
    match arguments.command {
        Command::Serve(options) => {
            serve::run(data, options, &open::Hint(given.as_ref())).await.map(|()| ExitCode::SUCCESS)
        }
        Command::Open(arguments) => open::run(&data, &arguments).await,
        Command::Status => status::run(&data).await,
        Command::Confirm(arguments) => confirmations::run(&data, arguments).await,
        Command::Query(arguments) => metrics::query(&data, arguments).await,
        Command::Logs(arguments) => logs::run(&data, arguments).await,
        Command::Traces(arguments) => traces::search(&data, arguments).await,
        Command::Trace(arguments) => trace::show(&data, arguments).await,
        Command::Check(command) => checks::run(&data, command).await,
        Command::Rules(command) => rules::run(&data, command).await,
        Command::Sentry(command) => sentry::run(&data, command).await,
        Command::Report(command) => documents::report(&data, command).await,
        Command::Export(command) => documents::export(&data, command).await,
        Command::Import(command) => imports::run(&data, command).await,
        Command::Data(command) => data::run(&data, command).await,
        Command::Demo(options) => serve::demonstrate(options).await,
        Command::Generate(arguments) => generate::run(&arguments.folder),
    }
}
