//! What is kept, and keeping it in order.

use std::{path::Path, process::ExitCode};

use model::{
    DataGrowth, DataKind, DataLevel, DataResolution, DataSummary, DropReason, DroppedData, IntegrityResult,
    IntegrityTarget, RetentionLimits, RetentionPreview, StoredData, TimeRange,
};
use serde_json::json;

use crate::{
    arguments::DataCommand,
    connection::Connection,
    output::{line, local, printable, table},
};

pub(crate) async fn run(data: &Path, what: DataCommand) -> anyhow::Result<ExitCode> {
    let idle = data.exists() && engine::running_engine(data).is_none();
    if matches!(what, DataCommand::Repair)
        && idle
        && let Some(place) = engine::quarantine_damaged_database(data).await?
    {
        line(&format!(
            "the database was damaged: it was moved to {}, and a new one is made from the sealed metrics",
            place.display()
        ))?;
    }
    let connection = Connection::open(data).await?;
    let outcome = match what {
        DataCommand::Show { json } => show(&connection, json).await,
        DataCommand::Verify => verify(&connection, "verify_part").await,
        DataCommand::Compact => compact(&connection).await,
        DataCommand::Repair => repair(&connection).await,
    };
    connection.close().await;
    outcome
}

async fn show(connection: &Connection, as_json: bool) -> anyhow::Result<ExitCode> {
    let summary: DataSummary = connection.ask("data", json!({})).await?;
    if as_json {
        line(&serde_json::to_string(&summary)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let kept: Vec<_> = summary.retention.stored.iter().map(kept_row).collect();
    table(&["KIND", "KEPT AS", "SERVICE", "ROWS", "STEPS", "BYTES", "FROM", "TO", "PINNED"], &kept)?;
    line("")?;
    let levels: Vec<_> = summary.levels.iter().map(level_row).collect();
    table(&["KIND", "WHERE", "FILES", "ROWS", "BYTES", "FROM", "TO"], &levels)?;
    line("")?;
    line(&format!("database {}", bytes(summary.database_bytes)))?;
    let (free, reserve) = (bytes(summary.free_bytes), bytes(summary.reserve_bytes));
    line(&format!("disk {free} free, {reserve} of it reserved"))?;
    for (growth, limits) in summary.retention.growth.iter().zip(&summary.retention.limits) {
        let unsealed = growth.kind == DataKind::Metrics && summary.levels.iter().any(is_unsealed);
        line(&forecast(growth, limits, unsealed))?;
    }
    line("")?;
    told(&summary.retention.dropped, "goes next")?;
    Ok(ExitCode::SUCCESS)
}

/// Whether points wait to be sealed. They have no size of their own until then.
fn is_unsealed(level: &DataLevel) -> bool {
    level.kind == DataKind::Metrics && level.files == 0 && level.rows > 0
}

fn forecast(growth: &DataGrowth, limits: &RetentionLimits, unsealed: bool) -> String {
    let days = |age: i64| age / (86_400 * model::NANOS_PER_SECOND);
    let mut ages = format!("{} days", days(limits.age));
    if let (Some(minutes), Some(hours)) = (limits.minutes_age, limits.hours_age) {
        ages = format!("{ages} (minutes {}, hours {})", days(minutes), days(hours));
    }
    let kind = kind_name(growth.kind);
    let pace = match growth.days_left {
        Some(left) => format!("{} a day, full in {left:.0} days", bytes(growth.bytes_per_day)),
        None if unsealed => "the first points are not sealed yet".to_owned(),
        None => "nothing comes".to_owned(),
    };
    format!("{kind} {} of {} and {ages}; {pace}", bytes(growth.bytes), bytes(limits.bytes))
}

/// Goes through all parts with a command that looks at one.
async fn verify(connection: &Connection, command: &str) -> anyhow::Result<ExitCode> {
    let parts: Vec<IntegrityTarget> = connection.ask("data_parts", json!({})).await?;
    let (mut damaged, mut rebuilt) = (0, 0);
    for (place, part) in parts.iter().enumerate() {
        let verdict: IntegrityResult = connection.ask(command, json!({ "name": part.name })).await?;
        let said = match (&verdict.fault, &verdict.moved_to) {
            (None, _) => "in order".to_owned(),
            (Some(fault), None) => format!("damaged: {}", printable(fault)),
            (Some(fault), Some(place)) => format!("damaged: {}; moved to {place}", printable(fault)),
        };
        damaged += usize::from(verdict.fault.is_some());
        rebuilt += verdict.rebuilt;
        let made = match verdict.rebuilt {
            0 => String::new(),
            files => format!("; {files} of minutes or hours made anew from the points"),
        };
        line(&format!("{}/{} {} {said}{made}", place + 1, parts.len(), part.name))?;
    }
    let made = if rebuilt == 0 { String::new() } else { format!(", {rebuilt} made anew") };
    line(&format!("{} parts, {damaged} damaged{made}", parts.len()))?;
    Ok(if damaged == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn compact(connection: &Connection) -> anyhow::Result<ExitCode> {
    let before = stored(connection).await?;
    line("1/4 sealing what was written so far")?;
    connection.ask::<()>("seal_data", json!({})).await?;
    line("2/4 merging partitions")?;
    connection.ask::<()>("merge_data", json!({})).await?;
    line("3/4 taking what is beyond the limits")?;
    let went: RetentionPreview = connection.ask("apply_retention", json!({})).await?;
    told(&went.dropped, "went")?;
    line("4/4 packing the database")?;
    connection.ask::<()>("checkpoint_data", json!({})).await?;
    line(&format!("{} before, {} now", bytes(before), bytes(stored(connection).await?)))?;
    Ok(ExitCode::SUCCESS)
}

async fn stored(connection: &Connection) -> anyhow::Result<u64> {
    let summary: DataSummary = connection.ask("data", json!({})).await?;
    Ok(summary.database_bytes + summary.levels.iter().map(|level| level.bytes).sum::<u64>())
}

async fn repair(connection: &Connection) -> anyhow::Result<ExitCode> {
    verify(connection, "repair_part").await?;
    let orphans: u64 = connection.ask("drop_orphans", json!({})).await?;
    line(&format!("{orphans} files that nothing names deleted"))?;
    // A damaged table cannot be repaired here.
    verify(connection, "verify_part").await
}

fn told(dropped: &[DroppedData], what: &str) -> anyhow::Result<()> {
    if dropped.is_empty() {
        return line(&format!("nothing {what}"));
    }
    for one in dropped {
        let reason = match one.reason {
            DropReason::Age => "too old",
            DropReason::Size => "beyond the megabytes",
        };
        line(&format!(
            "{what}: {} of {}, {}{} rows, {}, from {} to {}: {reason}",
            kind_name(one.kind),
            printable(&one.service),
            match detail_name(one.kind, one.tier) {
                "" => String::new(),
                detail => format!("kept as {detail}, {} steps, ", one.rollup_rows),
            },
            one.rows,
            bytes(one.bytes),
            local(one.range.start),
            local(one.range.end)
        ))?;
    }
    Ok(())
}

fn kept_row(kept: &StoredData) -> Vec<String> {
    let mut row = vec![kind_name(kept.kind).to_owned(), detail_name(kept.kind, kept.tier).to_owned()];
    row.push(printable(&kept.service));
    row.extend([kept.rows.to_string(), kept.rollup_rows.to_string(), bytes(kept.bytes)]);
    row.extend(ends(Some(kept.range)));
    row.push(if kept.pinned_rows == 0 { String::new() } else { kept.pinned_rows.to_string() });
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

/// What of a kind goes by one age; logs and spans have only one.
fn detail_name(kind: DataKind, detail: DataResolution) -> &'static str {
    match (kind, detail) {
        (DataKind::Metrics, DataResolution::Points) => "points",
        (DataKind::Metrics, DataResolution::Minutes) => "minutes",
        (DataKind::Metrics, DataResolution::Hours) => "hours",
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

/// Bytes for people.
fn bytes(bytes: u64) -> String {
    const STEPS: [(u64, &str); 3] = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    match STEPS.iter().find(|(step, _)| bytes >= *step) {
        Some((step, unit)) => format!("{:.1} {unit}", bytes as f64 / *step as f64),
        None => format!("{bytes} B"),
    }
}
