//! Recovery: opening the database again after a fatal failure, such as a checkpoint on a full disk.

use std::{sync::Arc, time::Duration};

use super::Instance;
use crate::{DataNotice, StoreError, lifecycle::session::Session};

/// The delay after which callers try again, and of the second attempt to open.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// The longest delay between two attempts. Each replays the whole log.
const MAX_WAIT: Duration = Duration::from_secs(8);

/// Returns whether the database must be opened again after an error.
fn is_fatal(error: &StoreError) -> bool {
    let StoreError::Database(reason) = error else { return false };
    reason.contains("FATAL Error") || reason.contains("has been invalidated")
}

impl Instance {
    /// Checks the outcome of a request. After a fatal failure the database is opened again in the
    /// background, and the caller gets [`StoreError::Recovering`].
    pub(crate) fn checked<T>(self: &Arc<Self>, outcome: Result<T, StoreError>) -> Result<T, StoreError> {
        match outcome {
            Err(error) if is_fatal(&error) => {
                self.declare_damage(&error);
                if self.begin_recovery() {
                    tracing::error!(%error, "database failed, opening it again");
                    tokio::spawn(recover(Arc::clone(self)));
                }
                Err(StoreError::Recovering { retry_after: RETRY_AFTER })
            }
            Err(StoreError::Closed) if self.is_recovering() => {
                Err(StoreError::Recovering { retry_after: RETRY_AFTER })
            }
            Err(error) => {
                self.declare_damage(&error);
                Err(error)
            }
            outcome => outcome,
        }
    }

    /// Declares that the database is damaged, if an error says so.
    fn declare_damage(&self, error: &StoreError) {
        if error.is_damage() {
            self.session().writer.keeper.declare(DataNotice {
                found: self.options.clock.now(),
                title: "The database is damaged".to_owned(),
                detail: format!(
                    "Some of its rows cannot be read. Stop Binnacle and run `binnacle-cli data repair`, which saves \
                     all others. {error}"
                ),
            });
        }
    }
}

/// Closes the database and opens it again, until that succeeds. Acknowledged data are in its log.
async fn recover(instance: Arc<Instance>) {
    let clock = instance.options.clock.clone();
    instance.session().abandon().await;
    let instance = {
        let weak = Arc::downgrade(&instance);
        drop(instance);
        weak
    };
    let mut is_logged = false;
    let mut wait = Duration::ZERO;
    loop {
        clock.sleep(wait).await;
        wait = (wait * 2).clamp(RETRY_AFTER, MAX_WAIT);
        let Some(instance) = instance.upgrade() else { return };
        let Some(lock) = instance.lock() else { return };
        let opening = Arc::clone(&instance);
        let opened = tokio::task::spawn_blocking(move || {
            Session::start(&opening.folder, lock, &opening.options, &opening.state)
        });
        match opened.await {
            Ok(Ok(session)) => {
                instance.end_recovery(session).await;
                tracing::info!("database is open again");
                return;
            }
            Ok(Err(error)) if !is_logged => {
                tracing::error!(%error, "database cannot be opened yet, trying again");
                is_logged = true;
            }
            Ok(Err(_)) => {}
            Err(error) => {
                tracing::error!(%error, "recovery of the database panicked, restart to try again");
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::poll;

    use super::*;
    use crate::{Store, StoreOptions};

    #[tokio::test(flavor = "multi_thread")]
    async fn reads_wait_while_the_database_is_opened_again() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), StoreOptions::default()).unwrap();
        let instance = store.admin().instance;
        assert!(instance.begin_recovery());
        let history = store.history();
        let (mut read, mut snapshot) = (
            Box::pin(history.last_heartbeat()),
            Box::pin(store.snapshot(model::TimeRange::new(model::Timestamp(0), model::Timestamp(1)))),
        );
        assert!(poll!(&mut read).is_pending() && poll!(&mut snapshot).is_pending());
        tokio::spawn(recover(instance));
        assert_eq!(read.await, Ok(None));
        snapshot.await.unwrap();
        store.close().await.unwrap();
    }
}
