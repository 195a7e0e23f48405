//! Printing log records as they come in.

use futures_util::StreamExt as _;
use model::LogLine;
use serde_json::json;

use crate::{connection::Connection, telemetry::print_log};

pub(crate) async fn logs(connection: &Connection, search: &str, as_json: bool) -> anyhow::Result<()> {
    let arguments = json!({"query": search, "matchers": []});
    let mut messages = connection.subscribe("log_tail", arguments).await?;
    loop {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => return Ok(()),
            message = messages.next() => {
                let Some(message) = message else { anyhow::bail!("the engine went away") };
                for record in serde_json::from_value::<Vec<LogLine>>(message)? {
                    print_log(&record, as_json)?;
                }
            }
        }
    }
}
