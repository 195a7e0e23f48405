//! The status of the engine on the terminal.

use std::{path::Path, process::ExitCode};

use model::{AlertCounts, EngineStatus, ListenerStatus};
use serde_json::json;

use crate::{
    connection::Connection,
    output::{line, printable},
};

/// Prints the status of the engine.
pub(crate) async fn run(data: &Path) -> anyhow::Result<ExitCode> {
    let connection = Connection::open(data).await?;
    let status: EngineStatus = connection.request("status", json!({})).await?;
    line(&format!(
        "{} {}",
        if connection.is_live() { "running" } else { "not running" },
        status.data_folder
    ))?;
    line(&format!("stored {} bytes", status.stored_bytes))?;
    let acknowledged = match status.alerts.acknowledged {
        0 => String::new(),
        count => format!(" ({count} acknowledged)"),
    };
    let AlertCounts { firing, pending, .. } = status.alerts;
    line(&format!("alerts {firing} firing{acknowledged}, {pending} pending"))?;
    for diagnostic in &status.diagnostics {
        line(&format!(
            "{:?} {}: {}",
            diagnostic.severity,
            printable(&diagnostic.title),
            printable(&diagnostic.detail)
        ))?;
    }
    for listener in &status.listeners {
        let ListenerStatus { protocol, address, access, message, .. } = listener;
        line(&format!("listens {protocol} {address} ({}) {}", access.label(), printable(message)))?;
    }
    for component in status.components.iter().filter(|one| !one.message.is_empty()) {
        line(&format!("{:?} {}: {}", component.state, component.name, component.message))?;
    }
    connection.close().await;
    Ok(ExitCode::SUCCESS)
}
