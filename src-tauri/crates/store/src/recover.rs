//! Opening the database again after it failed as a whole, as it does when a checkpoint meets a full disk.

use std::{sync::Arc, time::Duration};

use crate::{StoreError, store::Shared, workings::Workings};

/// When callers shall come again, and how long the first attempt waits.
const RETRY: Duration = Duration::from_secs(1);
/// The longest wait between two attempts, each of which reads the whole log.
const LONGEST: Duration = Duration::from_secs(8);

/// Whether a database that says so takes nothing more until it is opened again.
fn is_fatal(error: &StoreError) -> bool {
    let StoreError::Database(words) = error else { return false };
    words.contains("FATAL Error") || words.contains("has been invalidated")
}

impl Shared {
    /// Looks at how a request ended. If the database failed as a whole, it is opened again in the background, and the
    /// caller is asked to come again: nothing of the request is known to be kept.
    pub(crate) fn examined<T>(self: &Arc<Self>, outcome: Result<T, StoreError>) -> Result<T, StoreError> {
        match outcome {
            Err(error) if is_fatal(&error) => {
                if self.begin_recovery() {
                    tracing::error!(%error, "the database failed and is opened again");
                    tokio::spawn(recover(Arc::clone(self)));
                }
                Err(StoreError::Recovering { retry_after: RETRY })
            }
            Err(StoreError::Closed) if self.is_recovering() => {
                Err(StoreError::Recovering { retry_after: RETRY })
            }
            outcome => outcome,
        }
    }
}

/// Lets go of the database and opens it again, for as long as that takes. What was acknowledged lies in its log.
async fn recover(shared: Arc<Shared>) {
    shared.workings().let_go().await;
    let shared = {
        let weak = Arc::downgrade(&shared);
        drop(shared);
        weak
    };
    let mut told = false;
    let mut wait = RETRY;
    loop {
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(LONGEST);
        let Some(shared) = shared.upgrade() else { return };
        let Some(lock) = shared.lock() else { return };
        let opening = Arc::clone(&shared);
        let opened = tokio::task::spawn_blocking(move || {
            Workings::start(&opening.folder, lock, &opening.options, &opening.lasting)
        });
        match opened.await {
            Ok(Ok(workings)) => {
                shared.end_recovery(workings).await;
                tracing::info!("the database is open again");
                return;
            }
            Ok(Err(error)) if !told => {
                tracing::error!(%error, "the database cannot be opened again yet");
                told = true;
            }
            Ok(Err(_)) => {}
            Err(error) => {
                tracing::error!(%error, "opening the database again failed");
                return;
            }
        }
    }
}
