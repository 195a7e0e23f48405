//! Why a whole request is refused, as each protocol says it.

use std::time::Duration;

use axum::http::StatusCode;
use store::StoreError;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// Why a whole request is refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(crate) enum Refusal {
    /// The body is not what it claims to be.
    #[error("{0}")]
    Malformed(String),
    /// The body or what it unpacks to is beyond the limits.
    #[error("{0}")]
    TooLarge(String),
    /// A content type or encoding that we do not speak.
    #[error("{0}")]
    Unsupported(String),
    /// A web page from elsewhere tries to send.
    #[error("origin {0:?} is not this machine: only pages served from localhost may send telemetry")]
    ForeignOrigin(String),
    /// The body did not arrive in time.
    #[error("the request body did not arrive within {} s", .0.as_secs())]
    TooSlow(Duration),
    /// The store's queue or the disk is full; the sender shall come again.
    #[error("{message}")]
    NoRoom {
        /// How long the sender shall wait.
        retry_after: Duration,
        /// Where there is none.
        message: String,
    },
    /// The store cannot keep the records now.
    #[error("{0}")]
    Unavailable(String),
    /// We failed.
    #[error("the request could not be processed")]
    Internal,
}

impl From<StoreError> for Refusal {
    /// A store that has no room now is nothing to worry about here: it tells of that itself. Everything else is logged.
    fn from(error: StoreError) -> Self {
        match error.retry_after() {
            Some(retry_after) => Self::NoRoom { retry_after, message: error.to_string() },
            None => {
                tracing::error!(%error, "could not store received telemetry");
                Self::Unavailable(error.to_string())
            }
        }
    }
}

impl Refusal {
    /// HTTP's status for it (OTLP specification, "OTLP/HTTP Response").
    pub(crate) fn http_status(&self) -> StatusCode {
        match self {
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unsupported(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::ForeignOrigin(_) => StatusCode::FORBIDDEN,
            Self::TooSlow(_) => StatusCode::REQUEST_TIMEOUT,
            Self::NoRoom { .. } | Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// gRPC's code for it (OTLP specification, "Failures").
    pub(crate) fn grpc_code(&self) -> Code {
        match self {
            Self::Malformed(_) => Code::InvalidArgument,
            Self::TooLarge(_) => Code::ResourceExhausted,
            Self::Unsupported(_) => Code::Unimplemented,
            Self::ForeignOrigin(_) => Code::PermissionDenied,
            Self::TooSlow(_) => Code::DeadlineExceeded,
            Self::NoRoom { .. } | Self::Unavailable(_) => Code::Unavailable,
            Self::Internal => Code::Internal,
        }
    }

    /// Whole seconds after which the sender shall come again, at least one.
    pub(crate) fn retry_after_seconds(&self) -> Option<u64> {
        match self {
            Self::NoRoom { retry_after, .. } => Some(retry_after.as_millis().div_ceil(1000).max(1) as u64),
            Self::Unavailable(_) => Some(5),
            _ => None,
        }
    }

    /// gRPC's status for it, with the details that tell a sender when to come again.
    pub(crate) fn grpc_status(&self) -> Status {
        let message = self.to_string();
        match self {
            Self::NoRoom { retry_after, .. } => Status::with_error_details(
                self.grpc_code(),
                message,
                ErrorDetails::with_retry_info(Some(*retry_after)),
            ),
            _ => Status::new(self.grpc_code(), message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_without_room_tells_when_to_come_again() {
        let retry_after = Duration::from_millis(1200);
        for error in [StoreError::Busy { retry_after }, StoreError::Full { free: 1, reserve: 2, retry_after }]
        {
            let words = error.to_string();
            let refusal = Refusal::from(error);
            assert_eq!(refusal.to_string(), words);
            assert_eq!(refusal.http_status(), 503);
            assert_eq!(refusal.retry_after_seconds(), Some(2));
            let status = refusal.grpc_status();
            assert_eq!(status.code(), Code::Unavailable);
            let details = status.get_error_details();
            let delay = details.retry_info().and_then(|info| info.retry_delay);
            assert_eq!(delay, Some(retry_after));
        }
    }

    #[test]
    fn a_store_that_fails_does_not_tell_when_it_will_be_well() {
        let refusal = Refusal::from(StoreError::Database("it burns".to_owned()));
        assert_eq!((refusal.http_status().as_u16(), refusal.retry_after_seconds()), (503, Some(5)));
        assert_eq!(refusal.grpc_status().code(), Code::Unavailable);
    }
}
