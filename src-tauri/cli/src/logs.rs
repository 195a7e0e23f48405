//! Log records on the terminal.

use std::{path::Path, process::ExitCode};

use anyhow::bail;
use futures_util::StreamExt as _;
use model::{LogLine, LogPage, LogsRequest, TimeRange};
use runtime::Clock;
use serde_json::json;

use crate::{
    arguments::LogArgs,
    connection::Connection,
    output::{line, local, printable, to_json},
};

/// Prints the newest log records of a search, and with `--follow` those that follow.
pub(crate) async fn run(data: &Path, arguments: LogArgs) -> anyhow::Result<ExitCode> {
    let connection = Connection::open(data).await?;
    if arguments.follow && !connection.is_live() {
        connection.close().await;
        bail!("no engine runs on {}, there are no new records to follow", data.display());
    }
    let range = arguments.last.until(Clock::system().now());
    for record in newest(&connection, &arguments, range).await?.iter().rev() {
        print_log(record, arguments.json)?;
    }
    if arguments.follow {
        follow(&connection, &arguments.search, arguments.json).await?;
    }
    connection.close().await;
    Ok(ExitCode::SUCCESS)
}

/// Returns the newest records. A page of long records has fewer than the limit.
async fn newest(
    connection: &Connection,
    arguments: &LogArgs,
    range: TimeRange,
) -> anyhow::Result<Vec<LogLine>> {
    let mut request = LogsRequest {
        query: arguments.search.clone(),
        matchers: Vec::new(),
        range,
        limit: arguments.limit,
        cursor: None,
    };
    let mut records = Vec::new();
    loop {
        let page: LogPage = connection.request("search_logs", serde_json::to_value(&request)?).await?;
        request.limit = request.limit.saturating_sub(u32::try_from(page.lines.len())?);
        records.extend(page.lines);
        request.cursor = page.cursor;
        if request.cursor.is_none() || request.limit == 0 {
            return Ok(records);
        }
    }
}

/// Prints new records until Ctrl-C.
async fn follow(connection: &Connection, search: &str, as_json: bool) -> anyhow::Result<()> {
    let arguments = json!({"query": search, "matchers": []});
    let mut messages = connection.subscribe("log_tail", arguments).await?;
    loop {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => return Ok(()),
            message = messages.next() => {
                let Some(message) = message else { bail!("the engine has stopped") };
                for record in serde_json::from_value::<Vec<LogLine>>(message)? {
                    print_log(&record, as_json)?;
                }
            }
        }
    }
}

fn print_log(record: &LogLine, as_json: bool) -> anyhow::Result<()> {
    if as_json {
        return line(&to_json(record)?);
    }
    line(&format!(
        "{}  {:<5}  {}  {}",
        local(record.time),
        record.severity.name(),
        printable(&record.service),
        printable(&record.body)
    ))
}
