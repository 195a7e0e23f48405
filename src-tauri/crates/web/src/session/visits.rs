//! The announced visit of a browser that the command line opens.

use std::time::{Duration, Instant};

use parking_lot::Mutex;
use runtime::Clock;

use crate::peer_user;

/// Time in which an announced browser has to come.
const LIFETIME: Duration = Duration::from_secs(60);

/// The announced visit. It is in memory only.
#[derive(Debug)]
pub(crate) struct Visits {
    clock: Clock,
    expires_at: Mutex<Option<Instant>>,
}

impl Visits {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, expires_at: Mutex::default() }
    }

    /// Announces a visit. Returns false if the system does not report the user of a connection.
    pub(crate) fn announce(&self) -> bool {
        if !peer_user::is_known() {
            return false;
        }
        *self.expires_at.lock() = Some(self.clock.instant() + LIFETIME);
        true
    }

    /// Uses up the announced visit. Returns false if there is none.
    pub(crate) fn take(&self) -> bool {
        self.expires_at.lock().take().is_some_and(|end| self.clock.instant() < end)
    }
}

#[cfg(test)]
mod tests {
    use model::Timestamp;
    use runtime::ManualClock;

    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_visit_is_expected_once_and_for_a_minute() {
        let time = ManualClock::new(Timestamp(0));
        let visits = Visits::new(time.clock());
        assert!(!visits.take());
        assert!(visits.announce());
        assert!(visits.take());
        assert!(!visits.take());
        assert!(visits.announce());
        time.advance(LIFETIME);
        assert!(!visits.take());
    }
}
