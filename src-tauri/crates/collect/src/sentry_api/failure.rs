//! Failures of requests to Sentry. No message contains the token.

use config::SentryFeed;

/// A failed request to Sentry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    #[error("there is no token: {0}")]
    NoToken(String),
    #[error("the token was refused (401){0}")]
    Refused(String),
    #[error("the token lacks permission (403){0}")]
    Forbidden(String),
    #[error("not available here (404)")]
    NotFound,
    #[error("the request was rejected ({status}){detail}")]
    Rejected { status: u16, detail: String },
    #[error("answered {status}{detail}")]
    Server { status: u16, detail: String },
    #[error("cannot be reached: {0}")]
    Unreachable(String),
    #[error("the response is invalid: {0}")]
    Broken(String),
    #[error("cannot store the metrics: {0}")]
    Store(String),
}

impl Failure {
    /// Returns true if a retry cannot help before a user changes something.
    pub(crate) fn is_permanent(&self) -> bool {
        matches!(self, Self::Forbidden(_) | Self::NotFound | Self::Rejected { .. })
    }

    /// Returns true if the failure concerns the whole installation.
    pub(crate) fn concerns_installation(&self) -> bool {
        matches!(self, Self::NoToken(_) | Self::Refused(_) | Self::Unreachable(_))
    }

    /// Returns the message about a failed feed.
    pub(crate) fn message_for(&self, feed: SentryFeed) -> String {
        match self {
            Self::Forbidden(_) => {
                format!("{}: the token lacks the scope {}", feed.name(), scopes(feed).join(" or "))
            }
            other => format!("{}: {other}", feed.name()),
        }
    }
}

/// Returns the scopes of which a token needs one, from Sentry's API reference.
pub(crate) fn scopes(feed: SentryFeed) -> &'static [&'static str] {
    match feed {
        SentryFeed::Issues => &["event:read"],
        SentryFeed::Monitors => &["org:read", "alerts:read"],
        SentryFeed::Errors | SentryFeed::Transactions | SentryFeed::Outcomes | SentryFeed::Sessions => {
            &["org:read"]
        }
    }
}
