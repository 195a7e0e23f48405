//! The program behind `cargo xtask bench`, but for `bench analysis`. It runs the `binnacle-cli`
//! that `BINNACLE_CLI` names and measures it from outside.

#![expect(clippy::disallowed_methods, reason = "a benchmark measures the time of the machine")]

mod alerts;
mod batches;
mod folder;
mod ingest;
mod metrics;
mod percentile;
mod process;
mod scrape;
mod server;
mod settings;
mod start;
mod table;
mod window;

use anyhow::{Result, bail};

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["alerts"] => alerts::run(&alerts::ALL).await,
        ["alerts", names @ ..] => alerts::run(names).await,
        ["ingest"] => ingest::run(&ingest::ALL).await,
        ["ingest", names @ ..] => ingest::run(names).await,
        ["metrics"] => metrics::run().await,
        ["scrape"] => scrape::run().await,
        ["start"] => start::run().await,
        _ => bail!(
            "usage: bench alerts [{}] | ingest [{}] | metrics | scrape | start",
            alerts::ALL.join("|"),
            ingest::ALL.join("|")
        ),
    }
}
