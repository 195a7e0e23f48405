//! What people want to know of every check at a glance.

use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};
use model::{CheckOverview, CheckResult, TimeRange, Timestamp};
use store::{Store, StoreError};

use crate::{CheckError, check_task::CheckTask, memory::Known};

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
    let known = known_now(store, task).await?;
    // A keyring that does not answer must not hide the checks themselves.
    let has_secret = task.secret().await.is_ok_and(|secret| secret.is_some());
    Ok(CheckOverview {
        check: task.check.clone(),
        target: task.check.kind.target(),
        has_secret,
        latest: known.latest,
        since: known.since,
        timeline,
        uptime,
        median_duration,
    })
}

/// What is known of the check, with a result that is committed but not yet in its memory: whoever is told of
/// a commit and asks must find it. When the state began is searched for once after a restart.
async fn known_now(store: &Store, task: &CheckTask) -> Result<Known, StoreError> {
    let mut known = task.memory.known().clone();
    let after = known.latest.as_ref().map_or(Timestamp(0), |latest| latest.time.offset(1));
    let newer = TimeRange::new(after, Timestamp(i64::MAX));
    if let Some(result) = store.check_results(&task.check.id, newer, 1).await?.pop() {
        known.take_in(result, None);
    }
    if let (None, Some(latest)) = (known.since, &known.latest) {
        let found = start_of_state(store, latest).await?;
        known.since = Some(found);
        let mut memory = task.memory.known();
        if memory.since.is_none() && memory.latest.as_ref().is_some_and(|kept| kept.state == latest.state) {
            memory.since = Some(found);
        }
    }
    Ok(known)
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
