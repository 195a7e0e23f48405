//! The problems of one request, in words for its sender.

use std::fmt::{self, Display};

/// Problems that are listed; the rest is only counted.
pub(crate) const MAX_LISTED: usize = 5;

/// The first problems of a request, and the number of the others.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    listed: Vec<String>,
    omitted: u64,
}

impl Problems {
    /// Adds a problem of the record at `position`.
    pub(crate) fn add(&mut self, position: impl Display, reason: impl Display) {
        if self.listed.len() < MAX_LISTED {
            self.listed.push(format!("{position}: {reason}"));
        } else {
            self.omitted += 1;
        }
    }

    /// Adds problems that have no position, at most [`MAX_LISTED`] of them.
    pub(crate) fn extend(&mut self, reasons: impl IntoIterator<Item = String>) {
        self.listed.extend(reasons.into_iter().take(MAX_LISTED));
    }
}

impl Display for Problems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.listed.join("; "))?;
        if self.omitted > 0 {
            write!(formatter, "; and {} more", self.omitted)?;
        }
        Ok(())
    }
}
