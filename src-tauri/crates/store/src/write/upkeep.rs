//! Upkeep of the data folder by the writer thread: checkpoints and the state file.

use std::{fs, time::Duration};

use super::{
    checkpoint_space,
    checkpointer::Checkpointer,
    writer_thread::{LARGE_LOG, WriterThread},
};
use crate::{StoreError, database::config, integrity::metadata_copy};

/// The shortest interval between two writes of the state of the folder.
const STATE_INTERVAL: Duration = Duration::from_secs(1);
/// A log of this many bytes is checkpointed under load. A start after a crash replays it in a
/// second.
const MAX_LOG: u64 = 48 << 20;
/// On a small disk a log of this fraction (1/n) of the free space is checkpointed, while there is
/// space to do it.
const MAX_LOG_FRACTION: u64 = 4;
/// Time between two polls of a running checkpoint that another one waits for.
const POLL_INTERVAL: Duration = Duration::from_millis(3);

/// Time after which a checkpoint that other transactions prevented is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Returns the error of a checkpoint. One that other transactions prevent can be tried again.
fn checkpoint_error(error: duckdb::Error) -> StoreError {
    match StoreError::from(error) {
        StoreError::Database(reason) if reason.contains("Cannot CHECKPOINT") => {
            StoreError::Busy { retry_after: RETRY_AFTER }
        }
        other => other,
    }
}

impl WriterThread {
    /// Moves the log into the database file. In a folder that is gone, the log of the database that
    /// took its place would be deleted.
    pub(super) fn checkpoint(&self) -> Result<(), StoreError> {
        if let Err(gone) = self.presence.check() {
            self.connection.execute_batch("PRAGMA disable_checkpoint_on_shutdown")?;
            return Err(gone);
        }
        while self.checkpointer.as_ref().is_some_and(Checkpointer::is_running) {
            std::thread::sleep(POLL_INTERVAL);
        }
        if !checkpoint_space::reserve(&self.folder) {
            return Err(StoreError::CheckpointSpace);
        }
        let outcome = self.connection.execute_batch("CHECKPOINT").map_err(checkpoint_error);
        checkpoint_space::release(&self.folder);
        outcome
    }

    /// Removes the database's cache from memory. Does nothing during a checkpoint, which the
    /// lowered limit could fail.
    pub(super) fn release_cache(&self, memory_limit: u64) -> Result<(), StoreError> {
        if self.checkpointer.as_ref().is_some_and(Checkpointer::is_running) {
            return Ok(());
        }
        config::release_cache(&self.connection, memory_limit)
    }

    /// Checkpoints before the end. That a running read prevents it is no error: everything is in
    /// the log, which the next start replays.
    pub(super) fn last_checkpoint(&self) -> Result<(), StoreError> {
        match self.checkpoint() {
            Err(error @ (StoreError::Busy { .. } | StoreError::CheckpointSpace)) => {
                tracing::debug!(%error, "checkpoint at close failed, the next start replays the log");
                Ok(())
            }
            outcome => outcome,
        }
    }

    /// Writes the state of the folder, and a copy of the metadata if there was a checkpoint.
    pub(super) fn write_state(&mut self) {
        // A checkpoint replaces the log: until its end the two do not belong together.
        let is_replacing = self.checkpointer.as_ref().is_some_and(Checkpointer::is_running);
        if is_replacing || self.presence.check().is_err() {
            return;
        }
        self.state_written = Some(self.clock.instant());
        let written = self.keeper.update().and_then(|is_checkpointed| {
            if is_checkpointed { metadata_copy::write(&self.connection, &self.folder) } else { Ok(()) }
        });
        if let Err(error) = written {
            tracing::debug!(%error, "state of the data folder not written");
        }
    }

    pub(super) fn write_state_if_due(&mut self) {
        let elapsed = self.state_written.map(|at| self.clock.instant().saturating_duration_since(at));
        if elapsed.is_none_or(|elapsed| elapsed >= STATE_INTERVAL) {
            self.write_state();
        }
    }

    /// Requests a checkpoint if the log is large. Commits go on meanwhile.
    pub(super) fn checkpoint_if_due(&mut self) {
        let length = fs::metadata(&self.log).map_or(0, |log| log.len());
        if let Some(checkpointer) = &mut self.checkpointer {
            checkpointer.release_space(&self.folder);
        }
        if length < LARGE_LOG / 2 {
            return;
        }
        let free = fs4::available_space(&self.folder).unwrap_or(u64::MAX);
        let now = self.clock.instant();
        if length >= MAX_LOG.min(free / MAX_LOG_FRACTION)
            && let Some(checkpointer) = &mut self.checkpointer
        {
            checkpointer.request(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use duckdb::Connection;

    use super::*;

    #[test]
    fn a_checkpoint_that_another_transaction_prevents_can_be_tried_again() {
        let folder = tempfile::tempdir().unwrap();
        let writing = Connection::open(folder.path().join("a.duckdb")).unwrap();
        writing.execute_batch("CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (1)").unwrap();
        writing.execute_batch("BEGIN; UPDATE t SET n = 2").unwrap();
        let other = writing.try_clone().unwrap();
        let error = checkpoint_error(other.execute_batch("CHECKPOINT").unwrap_err());
        assert_eq!(error, StoreError::Busy { retry_after: RETRY_AFTER });
        writing.execute_batch("COMMIT").unwrap();
        other.execute_batch("CHECKPOINT").unwrap();
    }
}
