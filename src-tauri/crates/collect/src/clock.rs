//! The clock and the name of this machine, read only at the edges of the run loops.

use std::time::SystemTime;

use model::Timestamp;

/// The time now.
pub(crate) fn now() -> Timestamp {
    let nanos = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    Timestamp(i64::try_from(nanos).unwrap_or(i64::MAX))
}

/// The name of this machine.
pub(crate) fn host_name() -> String {
    hostname::get().map_or_else(|_| "localhost".to_owned(), |name| name.to_string_lossy().into_owned())
}
