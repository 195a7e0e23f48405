//! Why a question to Sentry had no usable answer. None of these ever holds the token.

use config::SentryFeed;

/// Why a question to Sentry had no usable answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    #[error("there is no token: {0}")]
    NoToken(String),
    #[error("the token was refused (401){0}")]
    Refused(String),
    #[error("the token may not do this (403){0}")]
    Forbidden(String),
    #[error("not offered here (404)")]
    NotFound,
    #[error("the question was refused ({status}){detail}")]
    Rejected { status: u16, detail: String },
    #[error("answered {status}{detail}")]
    Server { status: u16, detail: String },
    #[error("cannot be reached: {0}")]
    Unreachable(String),
    #[error("the answer was not understood: {0}")]
    Broken(String),
    #[error("the figures could not be kept: {0}")]
    Store(String),
}

impl Failure {
    /// Whether asking again soon cannot help: somebody has to change something.
    pub(crate) fn is_lasting(&self) -> bool {
        matches!(self, Self::Forbidden(_) | Self::NotFound | Self::Rejected { .. })
    }

    /// Whether it concerns the whole installation and not one question.
    pub(crate) fn is_of_all(&self) -> bool {
        matches!(self, Self::NoToken(_) | Self::Refused(_) | Self::Unreachable(_))
    }

    /// What to tell of a feed that failed so.
    pub(crate) fn told_of(&self, feed: SentryFeed) -> String {
        match self {
            Self::Forbidden(_) => {
                format!("{}: the token lacks the scope {}", feed.name(), scopes(feed).join(" or "))
            }
            other => format!("{}: {other}", feed.name()),
        }
    }
}

/// The scopes of which a token needs one, as Sentry's API reference lists them.
pub(crate) fn scopes(feed: SentryFeed) -> &'static [&'static str] {
    match feed {
        SentryFeed::Issues => &["event:read"],
        SentryFeed::Monitors => &["org:read", "alerts:read"],
        SentryFeed::Errors | SentryFeed::Transactions | SentryFeed::Outcomes | SentryFeed::Sessions => {
            &["org:read"]
        }
    }
}
