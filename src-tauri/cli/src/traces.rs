//! Traces on the terminal.

use std::{path::Path, process::ExitCode};

use model::{TraceOrder, TracePage, TracesRequest};
use runtime::Clock;

use crate::{
    arguments::TraceArgs,
    connection::Connection,
    output::{line, local, milliseconds, printable, table, to_json},
};

/// Prints the traces of a search.
pub(crate) async fn search(data: &Path, arguments: TraceArgs) -> anyhow::Result<ExitCode> {
    let connection = Connection::open(data).await?;
    let request = TracesRequest {
        query: arguments.search,
        matchers: Vec::new(),
        range: arguments.last.until(Clock::system().now()),
        min_duration: None,
        max_duration: None,
        only_errors: arguments.errors,
        order: if arguments.slowest { TraceOrder::Slowest } else { TraceOrder::Newest },
        limit: arguments.limit,
    };
    let page: TracePage = connection.request("search_traces", serde_json::to_value(request)?).await?;
    connection.close().await;
    if arguments.json {
        for trace in &page.traces {
            line(&to_json(trace)?)?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<Vec<String>> = page
        .traces
        .iter()
        .map(|trace| {
            vec![
                local(trace.start),
                milliseconds(trace.duration),
                trace.spans.to_string(),
                trace.errors.to_string(),
                printable(&trace.root_service),
                printable(&trace.root_name),
                trace.trace_id.to_string(),
            ]
        })
        .collect();
    table(&["start", "duration", "spans", "errors", "service", "operation", "trace"], &rows)?;
    Ok(ExitCode::SUCCESS)
}
