//! One-time codes. A link to the console contains one, which the page exchanges for a session.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use runtime::Clock;

use super::secret::{Secret, new_id};

/// Time in which a code can be used.
const LIFETIME: Duration = Duration::from_secs(60);

/// The codes that were not used yet. They are in memory only.
#[derive(Debug)]
pub(crate) struct Codes {
    clock: Clock,
    unused: Mutex<HashMap<String, Code>>,
}

#[derive(Debug)]
struct Code {
    secret: Secret,
    expires_at: Instant,
}

impl Codes {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, unused: Mutex::default() }
    }

    /// Creates a code and returns its text, `ID.SECRET`.
    pub(crate) fn create(&self) -> String {
        let (id, secret, now) = (new_id(), Secret::random(), self.clock.instant());
        let text = format!("{id}.{}", secret.text());
        let mut unused = self.unused.lock();
        unused.retain(|_, code| code.expires_at > now);
        unused.insert(id, Code { secret, expires_at: now + LIFETIME });
        text
    }

    /// Returns the secret of a code that can be used now.
    pub(crate) fn find(&self, id: &str) -> Option<Secret> {
        let unused = self.unused.lock();
        let code = unused.get(id).filter(|code| code.expires_at > self.clock.instant())?;
        Some(code.secret.clone())
    }

    /// Uses up a code. Returns false if it was used or has expired meanwhile.
    pub(crate) fn use_up(&self, id: &str) -> bool {
        let code = self.unused.lock().remove(id);
        code.is_some_and(|code| code.expires_at > self.clock.instant())
    }
}

#[cfg(test)]
mod tests {
    use model::Timestamp;
    use runtime::ManualClock;

    use super::*;

    fn id_of(code: &str) -> &str {
        code.split_once('.').unwrap().0
    }

    #[test]
    fn a_code_works_once() {
        let codes = Codes::new(Clock::system());
        let code = codes.create();
        let secret = codes.find(id_of(&code)).unwrap();
        assert_eq!(code, format!("{}.{}", id_of(&code), secret.text()));
        assert!(codes.use_up(id_of(&code)));
        assert!(!codes.use_up(id_of(&code)));
        assert_eq!(codes.find(id_of(&code)), None);
    }

    #[test]
    fn a_code_expires_after_a_minute() {
        let time = ManualClock::new(Timestamp(0));
        let codes = Codes::new(time.clock());
        let code = codes.create();
        time.advance(LIFETIME - Duration::from_millis(1));
        assert!(codes.find(id_of(&code)).is_some());
        time.advance(Duration::from_millis(1));
        assert_eq!(codes.find(id_of(&code)), None);
        assert!(!codes.use_up(id_of(&code)));
        codes.create();
        assert_eq!(codes.unused.lock().len(), 1, "expired codes are removed");
    }
}
