//! The clock and the name of this machine.

use std::time::SystemTime;

use model::Timestamp;

/// Returns the current time.
pub(crate) fn now() -> Timestamp {
    let nanos = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    Timestamp(i64::try_from(nanos).unwrap_or(i64::MAX))
}

/// Returns the name of this machine.
pub(crate) fn host_name() -> String {
    hostname::get().map_or_else(|_| "localhost".to_owned(), |name| name.to_string_lossy().into_owned())
}
