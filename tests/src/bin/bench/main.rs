//! The program behind `cargo xtask bench ingest`, `bench metrics` and `bench start`. It runs the
//! `binnacle-cli` that `BINNACLE_CLI` names and measures it from outside.

#![expect(clippy::disallowed_methods, reason = "a benchmark measures the time of the machine")]

mod batches;
mod folder;
mod ingest;
mod metrics;
mod process;
mod start;
mod table;
mod window;

use anyhow::{Result, bail};

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["ingest"] => ingest::run(&ingest::ALL).await,
        ["ingest", names @ ..] => ingest::run(names).await,
        ["metrics"] => metrics::run().await,
        ["start"] => start::run().await,
        _ => bail!("usage: bench ingest [{}] | metrics | start", ingest::ALL.join("|")),
    }
}
