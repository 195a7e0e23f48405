//! What people want to know of every check at a glance.

use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};
use model::{CheckOverview, CheckResult, TimeRange, Timestamp};
use store::{Store, StoreError};

use crate::{CheckError, check_task::CheckTask};

/// Checks looked up at the same time.
const AT_ONCE: usize = 4;

/// Results read at once while searching for the start of a state, and how often that is done.
const PAGE: u32 = 1000;
const PAGES: u32 = 50;

/// The overview of the checks of `tasks`, by name.
pub(crate) async fn of(
    store: &Store,
    mut tasks: Vec<Arc<CheckTask>>,
    range: TimeRange,
    cells: u32,
) -> Result<Vec<CheckOverview>, CheckError> {
    tasks.sort_by(|one, other| one.check.name.cmp(&other.check.name));
    stream::iter(tasks)
        .map(|task| async move { of_one(store, &task, range, cells).await })
        .buffered(AT_ONCE)
        .try_collect()
        .await
}

async fn of_one(
    store: &Store,
    task: &CheckTask,
    range: TimeRange,
    cells: u32,
) -> Result<CheckOverview, CheckError> {
    let id = task.check.id.as_str();
    let timeline = store.check_timeline(id, range, cells).await?;
    let (uptime, median_duration) = store.check_statistics(id, range).await?;
    let since = since(store, task).await?;
    // A keyring that does not answer must not hide the checks themselves.
    let has_secret = task.secret().await.is_ok_and(|secret| secret.is_some());
    let latest = task.memory.known().latest.clone();
    Ok(CheckOverview {
        check: task.check.clone(),
        target: task.check.kind.target(),
        has_secret,
        latest,
        since,
        timeline,
        uptime,
        median_duration,
    })
}

/// When the check came into the state it is in. After a restart that is searched for once.
async fn since(store: &Store, task: &CheckTask) -> Result<Option<Timestamp>, StoreError> {
    let known = task.memory.known().clone();
    let (None, Some(latest)) = (known.since, known.latest) else {
        return Ok(known.since);
    };
    let found = start_of_state(store, &latest).await?;
    Ok(Some(*task.memory.known().since.get_or_insert(found)))
}

/// The first of the uninterrupted results in the state of `latest`, going back a bounded number of results.
async fn start_of_state(store: &Store, latest: &CheckResult) -> Result<Timestamp, StoreError> {
    let mut start = latest.time;
    for _ in 0..PAGES {
        let before = TimeRange::new(Timestamp(0), start);
        let results = store.check_results(&latest.check_id, before, PAGE).await?;
        for result in &results {
            if result.state != latest.state {
                return Ok(start);
            }
            start = result.time;
        }
        if results.len() < PAGE as usize {
            break;
        }
    }
    Ok(start)
}
