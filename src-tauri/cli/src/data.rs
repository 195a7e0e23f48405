//! Stored data on the terminal: summary, integrity, compaction.

use std::{path::Path, process::ExitCode};

use model::{
    DataGrowth, DataKind, DataLevel, DataResolution, DataSummary, DropReason, DroppedData, IntegrityResult,
    IntegrityTarget, RetentionLimits, RetentionPreview, StoredData, TimeRange,
};
use serde_json::json;

use crate::{
    arguments::DataCommand,
    connection::Connection,
    output::{line, local, printable, table, to_json},
};

/// Shows, verifies, compacts or repairs the stored data.
pub(crate) async fn run(data: &Path, command: DataCommand) -> anyhow::Result<ExitCode> {
    let idle = data.exists() && engine::running_engine(data).is_none();
    if matches!(command, DataCommand::Repair) && idle {
        for step in engine::repair_data_folder(data).await?.steps {
            line(&printable(&step.to_string()))?;
        }
    }
    let connection = Connection::open(data).await?;
    let outcome = match command {
        DataCommand::Show { json } => show(&connection, json).await,
        DataCommand::Verify => verify_and_advise(&connection).await,
        DataCommand::Compact => compact(&connection).await,
        DataCommand::Repair => repair(&connection).await,
    };
    connection.close().await;
    outcome
}

async fn show(connection: &Connection, as_json: bool) -> anyhow::Result<ExitCode> {
    let summary: DataSummary = connection.request("data", json!({})).await?;
    if as_json {
        line(&to_json(&summary)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let stored_rows: Vec<_> = summary.retention.stored.iter().map(stored_row).collect();
    table(
        &["KIND", "STORED AS", "SERVICE", "ROWS", "ROLL-UP ROWS", "BYTES", "FROM", "TO", "PINNED"],
        &stored_rows,
    )?;
    line("")?;
    let levels: Vec<_> = summary.levels.iter().map(level_row).collect();
    table(&["KIND", "LOCATION", "FILES", "ROWS", "BYTES", "FROM", "TO"], &levels)?;
    line("")?;
    line(&format!("database {}", bytes(summary.database_bytes)))?;
    let (free, reserve) = (bytes(summary.free_bytes), bytes(summary.reserve_bytes));
    line(&format!("disk {free} free, {reserve} of it reserved"))?;
    for (growth, limits) in summary.retention.growth.iter().zip(&summary.retention.limits) {
        let unsealed = growth.kind == DataKind::Metrics && summary.levels.iter().any(is_unsealed);
        line(&forecast(growth, limits, unsealed))?;
    }
    line("")?;
    print_removed(&summary.retention.dropped, "expires next")?;
    Ok(ExitCode::SUCCESS)
}

/// Returns true for points that are not sealed yet. Their size is unknown until then.
fn is_unsealed(level: &DataLevel) -> bool {
    level.kind == DataKind::Metrics && level.files == 0 && level.rows > 0
}

fn forecast(growth: &DataGrowth, limits: &RetentionLimits, unsealed: bool) -> String {
    let days = |age: i64| age / (86_400 * model::NANOS_PER_SECOND);
    let mut ages = format!("{} days", days(limits.age));
    if let (Some(minutes), Some(hours)) = (limits.minutes_age, limits.hours_age) {
        ages = format!("{ages} (1-min {}, 1-h {})", days(minutes), days(hours));
    }
    let kind = kind_name(growth.kind);
    let growth_text = match growth.days_left {
        Some(left) => format!("{} a day, full in {left:.0} days", bytes(growth.bytes_per_day)),
        None if unsealed => "the first points are not sealed yet".to_owned(),
        None => "no new data".to_owned(),
    };
    format!("{kind} {} of {} and {ages}; {growth_text}", bytes(growth.bytes), bytes(limits.bytes))
}

/// Verifies everything, and names the command to run if something is damaged.
async fn verify_and_advise(connection: &Connection) -> anyhow::Result<ExitCode> {
    let outcome = verify(connection, "verify_data").await?;
    if outcome != ExitCode::SUCCESS {
        line(
            "run `binnacle-cli data repair` to save what is intact of damaged segments and rebuild roll-ups",
        )?;
    }
    Ok(outcome)
}

/// Runs a command that verifies or repairs one table or segment on all of them.
async fn verify(connection: &Connection, command: &str) -> anyhow::Result<ExitCode> {
    let targets: Vec<IntegrityTarget> = connection.request("integrity_targets", json!({})).await?;
    let (mut damaged, mut rebuilt) = (0, 0);
    for (index, target) in targets.iter().enumerate() {
        let verdict: IntegrityResult = connection.request(command, json!({ "name": target.name })).await?;
        let text = match (&verdict.fault, &verdict.moved_to) {
            (None, _) => "ok".to_owned(),
            (Some(fault), None) => format!("damaged: {}", printable(fault)),
            (Some(fault), Some(moved_to)) => {
                let saved = match verdict.lost_points.unwrap_or_default() {
                    0 => "nothing is lost".to_owned(),
                    points => format!("{points} points are lost"),
                };
                format!("damaged: {}; moved to {moved_to}; {saved}", printable(fault))
            }
        };
        damaged += usize::from(verdict.fault.is_some());
        rebuilt += verdict.rebuilt;
        let rebuilt_text = match verdict.rebuilt {
            0 => String::new(),
            files => format!("; {files} roll-up files rebuilt from raw points"),
        };
        line(&format!("{}/{} {} {text}{rebuilt_text}", index + 1, targets.len(), target.name))?;
    }
    let rebuilt_text =
        if rebuilt == 0 { String::new() } else { format!(", {rebuilt} roll-up files rebuilt") };
    line(&format!("{} tables and segments verified, {damaged} damaged{rebuilt_text}", targets.len()))?;
    Ok(if damaged == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn compact(connection: &Connection) -> anyhow::Result<ExitCode> {
    let before = stored(connection).await?;
    line("1/4 sealing")?;
    connection.request::<()>("seal_data", json!({})).await?;
    line("2/4 compacting segments")?;
    connection.request::<()>("compact_data", json!({})).await?;
    line("3/4 applying retention")?;
    let removed: RetentionPreview = connection.request("apply_retention", json!({})).await?;
    print_removed(&removed.dropped, "deleted")?;
    line("4/4 compacting the database")?;
    connection.request::<()>("checkpoint_data", json!({})).await?;
    line(&format!("{} before, {} now", bytes(before), bytes(stored(connection).await?)))?;
    Ok(ExitCode::SUCCESS)
}

async fn stored(connection: &Connection) -> anyhow::Result<u64> {
    let summary: DataSummary = connection.request("data", json!({})).await?;
    Ok(summary.database_bytes + summary.levels.iter().map(|level| level.bytes).sum::<u64>())
}

async fn repair(connection: &Connection) -> anyhow::Result<ExitCode> {
    verify(connection, "repair_data").await?;
    let orphans: u64 = connection.request("drop_orphans", json!({})).await?;
    line(&format!("{orphans} orphaned files deleted"))?;
    // A damaged table cannot be repaired here.
    verify(connection, "verify_data").await
}

/// Prints the data that a pass of retention deletes or deleted.
fn print_removed(dropped: &[DroppedData], verb: &str) -> anyhow::Result<()> {
    if dropped.is_empty() {
        return line(&format!("nothing {verb}"));
    }
    for one in dropped {
        let reason = match one.reason {
            DropReason::Age => "expired",
            DropReason::Size => "over the size limit",
        };
        line(&format!(
            "{verb}: {} of {}, {}{} rows, {}, from {} to {}: {reason}",
            kind_name(one.kind),
            printable(&one.service),
            match resolution_name(one.kind, one.tier) {
                "" => String::new(),
                resolution => format!("stored as {resolution}, {} roll-up rows, ", one.rollup_rows),
            },
            one.rows,
            bytes(one.bytes),
            local(one.range.start),
            local(one.range.end)
        ))?;
    }
    Ok(())
}

fn stored_row(stored: &StoredData) -> Vec<String> {
    let mut row =
        vec![kind_name(stored.kind).to_owned(), resolution_name(stored.kind, stored.tier).to_owned()];
    row.push(printable(&stored.service));
    row.extend([stored.rows.to_string(), stored.rollup_rows.to_string(), bytes(stored.bytes)]);
    row.extend(ends(Some(stored.range)));
    row.push(if stored.pinned_rows == 0 { String::new() } else { stored.pinned_rows.to_string() });
    row
}

fn level_row(level: &DataLevel) -> Vec<String> {
    let mut row = vec![kind_name(level.kind).to_owned(), level.level.clone(), level.files.to_string()];
    row.extend([level.rows.to_string(), bytes(level.bytes)]);
    row.extend(ends(level.range));
    row
}

fn ends(range: Option<TimeRange>) -> [String; 2] {
    range.map_or_else(Default::default, |range| [local(range.start), local(range.end)])
}

/// Returns the name of the resolution of metrics. Empty for logs and spans, which have only one.
fn resolution_name(kind: DataKind, resolution: DataResolution) -> &'static str {
    match (kind, resolution) {
        (DataKind::Metrics, DataResolution::Points) => "raw",
        (DataKind::Metrics, DataResolution::Minutes) => "1-min",
        (DataKind::Metrics, DataResolution::Hours) => "1-h",
        _ => "",
    }
}

fn kind_name(kind: DataKind) -> &'static str {
    match kind {
        DataKind::Metrics => "metrics",
        DataKind::Logs => "logs",
        DataKind::Spans => "spans",
    }
}

/// Formats a number of bytes.
fn bytes(bytes: u64) -> String {
    const STEPS: [(u64, &str); 3] = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    match STEPS.iter().find(|(step, _)| bytes >= *step) {
        Some((step, unit)) => format!("{:.1} {unit}", bytes as f64 / *step as f64),
        None => format!("{bytes} B"),
    }
}
