//! The overview of all checks: state, timeline and statistics of each.

use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};
use model::{CheckOverview, CheckResult, TimeRange, Timestamp};
use store::{Store, StoreError};

use crate::{error::CheckError, registry, runner::CheckRunner, state::Observed};

/// The number of checks read at the same time.
const CONCURRENT_READS: usize = 4;

/// The number of results in one read of the search for the start of a state.
const PAGE_LENGTH: u32 = 1000;

/// The number of reads of that search.
const MAX_PAGES: u32 = 50;

/// Returns the overview of the checks of `runners`, by name.
pub(crate) async fn of(
    store: &Store,
    mut runners: Vec<Arc<CheckRunner>>,
    range: TimeRange,
    buckets: u32,
) -> Result<Vec<CheckOverview>, CheckError> {
    runners.sort_by(|one, other| one.check.name.cmp(&other.check.name));
    stream::iter(runners)
        .map(|runner| async move { of_one(store, &runner, range, buckets).await })
        .buffered(CONCURRENT_READS)
        .try_collect()
        .await
}

async fn of_one(
    store: &Store,
    runner: &CheckRunner,
    range: TimeRange,
    buckets: u32,
) -> Result<CheckOverview, CheckError> {
    let id = runner.check.id.as_str();
    let timeline = store.history().check_timeline(id, range, buckets).await?;
    let (uptime, median_duration) = store.history().check_statistics(id, range).await?;
    let observed = observed_now(store, runner).await?;
    // A keyring that does not answer must not hide the checks.
    let has_secret = runner.secret().await.is_ok_and(|secret| secret.is_some());
    Ok(CheckOverview {
        check: runner.check.clone(),
        target: registry::target(&runner.check.kind),
        has_secret,
        notifies: false,
        latest: observed.latest,
        since: observed.since,
        timeline,
        uptime,
        median_duration,
    })
}

/// Returns the observations of the check, with a result that is committed but not yet applied: a
/// caller that is notified of a commit must find it. The start of the state is searched for once
/// after a restart.
async fn observed_now(store: &Store, runner: &CheckRunner) -> Result<Observed, StoreError> {
    let mut observed = runner.state.observed().clone();
    let after = observed.latest.as_ref().map_or(Timestamp(0), |latest| latest.time.offset(1));
    let newer = TimeRange::new(after, Timestamp(i64::MAX));
    if let Some(result) = store.history().check_results(&runner.check.id, newer, 1).await?.pop() {
        observed.apply(result, None);
    }
    if let (None, Some(latest)) = (observed.since, &observed.latest) {
        let found = start_of_state(store, latest).await?;
        observed.since = Some(found);
        let mut current = runner.state.observed();
        if current.since.is_none() && current.latest.as_ref().is_some_and(|one| one.state == latest.state) {
            current.since = Some(found);
        }
    }
    Ok(observed)
}

/// Returns the time of the first of the uninterrupted results in the state of `latest`. Reads a
/// bounded number of results.
async fn start_of_state(store: &Store, latest: &CheckResult) -> Result<Timestamp, StoreError> {
    let mut start = latest.time;
    for _ in 0..MAX_PAGES {
        let before = TimeRange::new(Timestamp(0), start);
        let results = store.history().check_results(&latest.check_id, before, PAGE_LENGTH).await?;
        for result in &results {
            if result.state != latest.state {
                return Ok(start);
            }
            start = result.time;
        }
        if results.len() < PAGE_LENGTH as usize {
            break;
        }
    }
    Ok(start)
}
