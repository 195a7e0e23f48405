//! Counterparts of the console's browser tests.
//!
//! `counterpart python SCRIPT ARGUMENTS` runs a client of `tests/clients`. `counterpart sentry`
//! runs an installation of Sentry until standard input ends.

use std::io::Read;

use anyhow::{Result, bail};
use model::NANOS_PER_SECOND;
use runtime::Clock;
use test_support::{
    clients::{Language, client},
    sentry_server::{Data, SentryServer, TOKEN},
};

const HOUR: i64 = 3600;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["python", script, rest @ ..] => {
            let status = client(Language::Python, script)?.args(rest).status()?;
            std::process::exit(status.code().unwrap_or(1));
        }
        ["sentry"] => {
            let now = Clock::system().now().0 / NANOS_PER_SECOND;
            let server = SentryServer::start(Data::busy(now - HOUR, now)).await?;
            println!("ready {} {TOKEN}", server.url());
            tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
        }
        _ => bail!("usage: counterpart python SCRIPT [ARGUMENT]... | sentry"),
    }
    Ok(())
}
