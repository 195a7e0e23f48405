//! Rejections of whole requests, and their status in each protocol.

use std::time::Duration;

use axum::http::StatusCode;
use store::StoreError;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// Time after which a sender retries when the receivers' memory is in use, or its request.
const INTAKE_RETRY: Duration = Duration::from_secs(1);

/// The reason why a whole request is rejected.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(crate) enum Rejection {
    /// The body does not decode.
    #[error("{0}")]
    Malformed(String),
    /// The body, compressed or not, exceeds the limits.
    #[error("{0}")]
    TooLarge(String),
    /// The content type or encoding is not supported.
    #[error("{0}")]
    Unsupported(String),
    /// The request has no token, or a wrong one.
    #[error("{0}")]
    Unauthenticated(&'static str),
    /// The sender is a web page that is not from this machine.
    #[error("origin {0:?} is not this machine: only pages served from localhost may send telemetry")]
    ForeignOrigin(String),
    /// The body did not arrive in time.
    #[error("the request body did not arrive within {} s", .0.as_secs())]
    TooSlow(Duration),
    /// The receivers together hold as much as the budget allows; the sender must retry.
    #[error("the receivers hold as much as limits.intake_bytes allows, retry later")]
    IntakeFull,
    /// The sender repeats a request that is still being stored.
    #[error("the same request is still being stored, retry later")]
    InProgress,
    /// The store's queue or the disk is full; the sender must retry.
    #[error("{message}")]
    StoreFull {
        /// Time after which the sender retries.
        retry_after: Duration,
        /// The error of the store.
        message: String,
    },
    /// The store cannot write records now.
    #[error("{0}")]
    Unavailable(String),
    /// The engine failed.
    #[error("decoding the request failed, none of its records were stored")]
    Internal,
}

impl From<StoreError> for Rejection {
    /// Logs every error but a full store, which the store reports itself.
    fn from(error: StoreError) -> Self {
        match error.retry_after() {
            Some(retry_after) => Self::StoreFull { retry_after, message: error.to_string() },
            None => {
                tracing::error!(%error, "could not store received telemetry, the sender is asked to retry");
                Self::Unavailable(error.to_string())
            }
        }
    }
}

impl Rejection {
    /// Returns the HTTP status (OTLP specification, "OTLP/HTTP Response").
    pub(crate) fn http_status(&self) -> StatusCode {
        match self {
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unsupported(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
            Self::ForeignOrigin(_) => StatusCode::FORBIDDEN,
            Self::TooSlow(_) => StatusCode::REQUEST_TIMEOUT,
            Self::IntakeFull | Self::InProgress | Self::StoreFull { .. } | Self::Unavailable(_) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Returns the gRPC code (OTLP specification, "Failures").
    pub(crate) fn grpc_code(&self) -> Code {
        match self {
            Self::Malformed(_) => Code::InvalidArgument,
            Self::TooLarge(_) => Code::ResourceExhausted,
            Self::Unsupported(_) => Code::Unimplemented,
            Self::Unauthenticated(_) => Code::Unauthenticated,
            Self::ForeignOrigin(_) => Code::PermissionDenied,
            Self::TooSlow(_) => Code::DeadlineExceeded,
            Self::IntakeFull | Self::InProgress | Self::StoreFull { .. } | Self::Unavailable(_) => {
                Code::Unavailable
            }
            Self::Internal => Code::Internal,
        }
    }

    /// Returns the time after which the sender retries, none if it need not wait.
    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::IntakeFull | Self::InProgress => Some(INTAKE_RETRY),
            Self::StoreFull { retry_after, .. } => Some(*retry_after),
            _ => None,
        }
    }

    /// Returns the whole seconds after which the sender retries, at least one.
    pub(crate) fn retry_after_seconds(&self) -> Option<u64> {
        match self {
            Self::Unavailable(_) => Some(5),
            _ => self.retry_after().map(|after| after.as_millis().div_ceil(1000).max(1) as u64),
        }
    }

    /// Returns the gRPC status, with details about when to retry.
    pub(crate) fn grpc_status(&self) -> Status {
        let message = self.to_string();
        match self.retry_after() {
            Some(after) => Status::with_error_details(
                self.grpc_code(),
                message,
                ErrorDetails::with_retry_info(Some(after)),
            ),
            None => Status::new(self.grpc_code(), message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_store_says_when_to_retry() {
        let retry_after = Duration::from_millis(1200);
        for error in [StoreError::Busy { retry_after }, StoreError::Full { free: 1, reserve: 2, retry_after }]
        {
            let message = error.to_string();
            let rejection = Rejection::from(error);
            assert_eq!(rejection.to_string(), message);
            assert_eq!(rejection.http_status(), 503);
            assert_eq!(rejection.retry_after_seconds(), Some(2));
            let status = rejection.grpc_status();
            assert_eq!(status.code(), Code::Unavailable);
            let details = status.get_error_details();
            let delay = details.retry_info().and_then(|info| info.retry_delay);
            assert_eq!(delay, Some(retry_after));
        }
    }

    #[test]
    fn a_failed_store_has_a_fixed_retry_time() {
        let rejection = Rejection::from(StoreError::Database("it burns".to_owned()));
        assert_eq!((rejection.http_status().as_u16(), rejection.retry_after_seconds()), (503, Some(5)));
        assert_eq!(rejection.grpc_status().code(), Code::Unavailable);
    }
}
