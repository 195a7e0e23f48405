//! Which points in time are believable.

use model::{FURTHEST_AHEAD, NANOS_PER_SECOND, Timestamp};

/// How far back a record may lie: history may be sent late, but not from before a clock was ever set.
const PAST_SECONDS: i64 = 5 * 366 * 86_400;

/// The timestamp of `nanos` since the epoch, or why it cannot be right.
pub(crate) fn believable(nanos: u64, now: Timestamp) -> Result<Timestamp, String> {
    if nanos == 0 {
        return Err("time is missing".to_owned());
    }
    let time = Timestamp(i64::try_from(nanos).unwrap_or(i64::MAX));
    let ahead = time.since(now) / NANOS_PER_SECOND;
    if ahead > FURTHEST_AHEAD / NANOS_PER_SECOND {
        Err(format!("time {nanos} is {} hours in the future, is the sender's clock right?", ahead / 3600))
    } else if ahead < -PAST_SECONDS {
        Err(format!("time {nanos} is {} days in the past, is the sender's clock right?", -ahead / 86_400))
    } else {
        Ok(time)
    }
}

/// The timestamp of an optional field: 0 means that it was not told, and what 64 bits do not hold is not believed.
pub(crate) fn optional(nanos: u64) -> Option<Timestamp> {
    i64::try_from(nanos).ok().filter(|nanos| *nanos != 0).map(Timestamp)
}
