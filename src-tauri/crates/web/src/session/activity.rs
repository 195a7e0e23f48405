//! The requests of a page, which prolong the life of its browser's key.

use std::sync::Arc;

use runtime::Clock;

use super::browsers::{Browsers, IDLE_TIMEOUT};

/// The activity of a session, which prolongs the life of its browser's key.
pub(crate) struct Activity {
    browsers: Arc<Browsers>,
    browser: String,
    clock: Clock,
}

impl Activity {
    pub(super) fn new(browsers: Arc<Browsers>, browser: String, clock: Clock) -> Self {
        Self { browsers, browser, clock }
    }

    /// Records a request of the page.
    pub(crate) async fn record(&self) {
        self.browsers.touch(&self.browser).await;
    }

    /// Waits until a session without further requests has to end.
    pub(crate) async fn expire(&self) {
        self.clock.sleep(IDLE_TIMEOUT).await;
    }
}
