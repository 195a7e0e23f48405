//! Repair of a data folder that no engine uses.

use std::{fs::File, path::Path, sync::Arc};

use super::{
    database_file::read_layout,
    database_mend,
    folder_state::FolderState,
    log_mend,
    quarantine::{quarantine, quarantine_logs},
    report::RepairReport,
    salvage::{add_missing_resources, salvage},
};
use crate::{
    StoreError, StoreOptions,
    database::paths::{CHECKPOINT_LOG, DATABASE, LOG},
    integrity::folder_state::expect_replacement,
    lifecycle::open,
};

/// Repairs the database and its log in a locked folder. Of what is damaged, everything that reads
/// is saved; a database that cannot be opened moves to the quarantine.
///
/// 1. Reports the losses found earlier, and forgets them.
/// 2. Mends sections of the database and entries of the log by their checksums and copies.
/// 3. Reads every row. If some cannot be read, the others are moved to a new database.
pub(crate) fn repair(
    folder: &Path,
    lock: &Arc<File>,
    options: &StoreOptions,
) -> Result<RepairReport, StoreError> {
    let mut report = RepairReport::default();
    let state = FolderState::read(folder).unwrap_or_default();
    let is_present = folder.join(DATABASE).metadata().is_ok_and(|metadata| metadata.len() > 0);
    if is_present {
        repair_database(folder, lock, options, &state, &mut report)?;
    } else {
        // Opening declares what is missing.
        open::open(folder, Arc::clone(lock), options).map(drop)?;
    }
    if let Some(state) = FolderState::read(folder) {
        for notice in &state.notices {
            report.lost("found earlier", &notice.title, &notice.detail);
        }
        if !state.notices.is_empty() {
            FolderState { notices: Vec::new(), ..state }.write(folder)?;
        }
    }
    Ok(report)
}

fn repair_database(
    folder: &Path,
    lock: &Arc<File>,
    options: &StoreOptions,
    state: &FolderState,
    report: &mut RepairReport,
) -> Result<(), StoreError> {
    let cut = database_mend::mend(folder, report)?;
    if let Some(layout) = read_layout(&folder.join(DATABASE)) {
        let acknowledged = state.log_bytes_of(&layout).unwrap_or_default();
        log_mend::mend(folder, LOG, &layout, acknowledged, report)?;
        log_mend::mend(folder, CHECKPOINT_LOG, &layout, 0, report)?;
    }
    let is_salvaged = salvage(folder, options, report)?;
    if let Some(cut) = cut.filter(|_| report.has_loss() || !is_salvaged) {
        report.lost(DATABASE, &cut, "rows of the missing part, as listed by table");
    }
    if is_salvaged {
        match open::open(folder, Arc::clone(lock), options) {
            // Such as that of another program.
            Err(StoreError::Damaged { .. }) => {}
            outcome => {
                let opened = outcome?;
                if report.has_loss() {
                    add_missing_resources(&opened.connection, "")?;
                }
                return Ok(());
            }
        }
    }
    expect_replacement(folder)?;
    quarantine_logs(folder)?;
    let Some(moved) = quarantine(folder, &folder.join(DATABASE))? else { return Ok(()) };
    report.lost(
        DATABASE,
        &format!(
            "it cannot be opened and was moved to {}, a new one is made of the sealed metrics",
            moved.display()
        ),
        "log records, spans, unsealed metrics and the history",
    );
    open::open(folder, Arc::clone(lock), options).map(drop)
}
