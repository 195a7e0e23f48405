//! Validation of timestamps that senders give.

use model::{MAX_FUTURE_NANOS, NANOS_PER_SECOND, Timestamp};

/// Seconds that a record may be in the past: senders can send history late.
const MAX_PAST_SECONDS: i64 = 5 * 366 * 86_400;

/// Returns the timestamp of `nanos` since the epoch.
///
/// Fails with the reason if the time is missing, too far in the past or too far in the future.
pub(crate) fn validated(nanos: u64, now: Timestamp) -> Result<Timestamp, String> {
    if nanos == 0 {
        return Err("time is missing".to_owned());
    }
    let time = Timestamp(i64::try_from(nanos).unwrap_or(i64::MAX));
    let ahead = time.since(now) / NANOS_PER_SECOND;
    if ahead > MAX_FUTURE_NANOS / NANOS_PER_SECOND {
        Err(format!("time {nanos} is {} hours in the future, is the sender's clock right?", ahead / 3600))
    } else if ahead < -MAX_PAST_SECONDS {
        Err(format!("time {nanos} is {} days in the past, is the sender's clock right?", -ahead / 86_400))
    } else {
        Ok(time)
    }
}

/// Returns the timestamp of an optional field, which is absent if it is 0 or exceeds 63 bits.
pub(crate) fn optional(nanos: u64) -> Option<Timestamp> {
    i64::try_from(nanos).ok().filter(|nanos| *nanos != 0).map(Timestamp)
}
