//! Links that open the console in a browser, once.

use std::sync::Arc;

use parking_lot::RwLock;

use crate::{session::Sessions, visit};

/// The source of links to the console at its present address.
pub(crate) struct Links {
    sessions: Arc<Sessions>,
    address: RwLock<String>,
}

impl Links {
    pub(crate) fn new(sessions: Arc<Sessions>, address: String) -> Self {
        Self { sessions, address: RwLock::new(address) }
    }

    /// Returns the address of the console, such as `http://127.0.0.1:7171`.
    pub(crate) fn address(&self) -> String {
        self.address.read().clone()
    }

    /// Follows the console to another address.
    pub(crate) fn move_to(&self, address: String) {
        *self.address.write() = address;
    }

    /// Announces the visit of a browser of this user, and returns the address for it. `None` if the
    /// system does not report the user of a connection.
    pub(crate) fn announce(&self) -> Option<String> {
        self.sessions.visits.announce().then(|| format!("{}{}", self.address(), visit::PATH))
    }

    /// Creates a link that works once and for 60 s. The fragment with the code is not sent to a
    /// server.
    pub(crate) fn create(&self) -> String {
        format!("{}/#code={}", self.address(), self.sessions.codes.create())
    }
}
