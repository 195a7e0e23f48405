//! The transaction behind a snapshot.

use std::{sync::Arc, time::Duration};

use super::{
    pool::{Connections, SnapshotConnection},
    reader::Reader,
};
use crate::{
    StoreError,
    lifecycle::{instance::Instance, session::Session},
    segment::manifest::Manifest,
};

/// An open transaction for reading, and the files that it sees. Dropping it ends the transaction.
#[derive(Debug)]
pub(crate) struct OpenSnapshot {
    pub(crate) instance: Arc<Instance>,
    pub(crate) session: Arc<Session>,
    connection: Arc<SnapshotConnection>,
    connections: Arc<Connections>,
    manifest: Arc<Manifest>,
}

impl OpenSnapshot {
    /// Begins a snapshot of the latest commit.
    pub(crate) async fn begin(instance: &Arc<Instance>) -> Result<Self, StoreError> {
        let session = instance.session();
        let (connection, manifest, connections) = instance.checked(session.readers.begin_snapshot().await)?;
        Ok(Self { instance: Arc::clone(instance), session, connection, connections, manifest })
    }

    /// Runs a read in the snapshot.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        deadline: Option<Duration>,
        work: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let readers = &self.session.readers;
        let outcome = readers.read_in(&self.connection, &self.manifest, deadline, work).await;
        self.instance.checked(outcome)
    }
}

impl Drop for OpenSnapshot {
    fn drop(&mut self) {
        // A cancelled read may still hold the connection, and drops it at its end.
        let Some(connection) = self.connection.try_lock().ok().and_then(|mut slot| slot.take()) else {
            return;
        };
        let connections = Arc::clone(&self.connections);
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => {
                runtime.spawn_blocking(move || connections.end_snapshot(connection));
            }
            Err(_) => connections.end_snapshot(connection),
        }
    }
}
