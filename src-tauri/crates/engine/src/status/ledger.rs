//! The observation ledger: the times in which Binnacle was not running or stopped, the machine
//! slept or its clock was wrong.

use std::time::Duration;

use model::{Gap, GapReason, NANOS_PER_SECOND, TimeRange, Timestamp};
use runtime::{Clock, ClockJump};
use store::{Store, StoreError};

/// Minimum length of an absence in seconds. Shorter ones are not worth a gap in every chart.
const MIN_ABSENCE_SECONDS: i64 = 30;
/// Minimum length of a sleep in seconds. Shorter ones are noise of the clocks.
const MIN_SLEEP_SECONDS: f64 = 3.0;

/// Minimum length of a stall. Shorter ones are those of a busy machine.
const MIN_STALL: Duration = Duration::from_secs(5);
/// Length of the gap of a clock that was set back, in nanoseconds. The time until the old one is
/// reached again will be observed.
const SET_BACK: i64 = NANOS_PER_SECOND;

/// Records the time since the last heartbeat of an earlier run as "not running". A heartbeat in the
/// future means that the clock was set back.
pub(crate) async fn record_absence(store: &Store, started: Timestamp) -> Result<(), StoreError> {
    if let Some(last) = store.history().last_heartbeat().await?
        && started.since(last) > MIN_ABSENCE_SECONDS * NANOS_PER_SECOND
    {
        let range = TimeRange::new(last, started);
        store.history().record_gap(Gap { range, reason: GapReason::NotRunning }).await?;
    } else if let Some(last) = store.history().last_heartbeat().await?
        && last.since(started) > MIN_ABSENCE_SECONDS * NANOS_PER_SECOND
    {
        tracing::warn!(
            seconds = last.since(started) / NANOS_PER_SECOND,
            "clock is behind that of the last run"
        );
        let range = TimeRange::new(started.offset(-SET_BACK), started);
        store.history().record_gap(Gap { range, reason: GapReason::ClockChanged }).await?;
    }
    store.history().heartbeat(started).await
}

/// Records a sleep that ended at `woke`, unless it is shorter than the minimum.
pub(crate) async fn record_sleep(
    store: &Store,
    slept_seconds: f64,
    woke: Timestamp,
) -> Result<(), StoreError> {
    if slept_seconds <= MIN_SLEEP_SECONDS {
        return Ok(());
    }
    let fell_asleep = woke.offset(-(slept_seconds * NANOS_PER_SECOND as f64) as i64);
    let range = TimeRange::new(fell_asleep, woke);
    store.history().record_gap(Gap { range, reason: GapReason::Asleep }).await
}

/// Records a time in which the process did not run, which ended at `now`, unless it is shorter than
/// the minimum.
pub(crate) async fn record_stall(store: &Store, late: Duration, now: Timestamp) -> Result<(), StoreError> {
    if late < MIN_STALL {
        return Ok(());
    }
    let length = i64::try_from(late.as_nanos()).unwrap_or(i64::MAX);
    let range = TimeRange::new(now.offset(length.saturating_neg()), now);
    store.history().record_gap(Gap { range, reason: GapReason::Stalled }).await
}

/// Records a jump of the clock that was undone or followed.
pub(crate) async fn record_jump(store: &Store, jump: ClockJump) -> Result<(), StoreError> {
    let Some(ended) = jump.ended else { return Ok(()) };
    tracing::warn!(
        seconds = jump.offset / NANOS_PER_SECOND,
        is_followed = jump.is_followed,
        "clock of the machine jumped"
    );
    let start = if jump.began < ended { jump.began } else { ended.offset(-SET_BACK) };
    let range = TimeRange::new(start, ended);
    store.history().record_gap(Gap { range, reason: GapReason::ClockChanged }).await?;
    match jump.two_times {
        Some(two_times) => store.history().record_clock_jump(two_times).await,
        None => Ok(()),
    }
}

/// Makes the clock remember the jumps that earlier runs followed.
pub(crate) async fn restore_jumps(store: &Store, clock: &Clock) -> Result<(), StoreError> {
    clock.restore_jumps(&store.history().clock_jumps(Clock::MAX_JUMPS as u32).await?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use runtime::ManualClock;
    use store::StoreOptions;

    use super::*;

    const HOUR: i64 = 3600 * NANOS_PER_SECOND;
    const START: Timestamp = Timestamp(1_790_000_000 * NANOS_PER_SECOND);

    /// Lets a time pass in which the clock is read every second.
    fn pass(time: &ManualClock, seconds: u32) {
        for _ in 0..seconds {
            time.advance(Duration::from_secs(1));
            time.clock().now();
        }
    }

    #[tokio::test]
    async fn a_clock_that_was_set_back_is_known_in_the_next_run() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), StoreOptions::default()).unwrap();
        let time = ManualClock::new(START);
        pass(&time, 2 * 3600);
        let set_back = time.clock().now().offset(-HOUR);
        time.set_wall(set_back);
        pass(&time, 120);
        let jumps = time.clock().jumps();
        assert_eq!(jumps.len(), 1);
        record_jump(&store, jumps[0]).await.unwrap();
        let now = time.clock().now();
        store.close().await.unwrap();

        let store = Store::open(folder.path(), StoreOptions::default()).unwrap();
        let next = ManualClock::new(now).clock();
        let minute = TimeRange::last(60, now);
        assert!(!next.was_set_within(minute));
        restore_jumps(&store, &next).await.unwrap();
        assert!(next.was_set_within(minute));
        let behind_it = TimeRange::last(60, now.offset(HOUR + 120 * NANOS_PER_SECOND));
        assert!(!next.was_set_within(behind_it));
        let reason = |gap: &Gap| gap.reason;
        let gaps = store.history().gaps(TimeRange::last(2 * 3600, now)).await.unwrap();
        assert_eq!(gaps.iter().map(reason).collect::<Vec<_>>(), [GapReason::ClockChanged]);
    }
}
