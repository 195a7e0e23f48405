//! The error of a command.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The kind of an error, which the console acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The request is invalid.
    Invalid,
    /// The session may not do it, or it was not confirmed.
    Forbidden,
    /// The requested item does not exist.
    NotFound,
    /// The engine is overloaded. The request can be retried.
    Busy,
    /// The request exceeded its deadline.
    Deadline,
    /// The engine is unreachable or stopping.
    Unavailable,
    /// Binnacle has a bug.
    Internal,
}

/// A failed command: a code for the console and a message for the user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    /// The kind of the error.
    pub code: ErrorCode,
    /// The message.
    pub message: String,
}

impl ApiError {
    /// Returns an error of the given kind.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// Returns the error of an invalid request.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Invalid, message)
    }

    /// Returns the error of a request that the session may not make.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Forbidden, message)
    }

    /// Returns the error of a request for an item that does not exist.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::NotFound, message)
    }
}

impl From<store::StoreError> for ApiError {
    fn from(error: store::StoreError) -> Self {
        use store::StoreError as E;
        if error.is_without_space() {
            let message = "the disk of the data folder is full; free some space or ask for a shorter range";
            return Self::new(ErrorCode::Busy, message);
        }
        let code = match &error {
            E::Busy { .. }
            | E::Full { .. }
            | E::ExportSpace { .. }
            | E::CheckpointSpace
            | E::Recovering { .. } => ErrorCode::Busy,
            E::Deadline { .. } => ErrorCode::Deadline,
            E::InvalidRequest(_) => ErrorCode::Invalid,
            E::Closed => ErrorCode::Unavailable,
            _ => ErrorCode::Internal,
        };
        Self::new(code, error.to_string())
    }
}

impl From<query::QueryError> for ApiError {
    fn from(error: query::QueryError) -> Self {
        match error {
            query::QueryError::Store(error) => error.into(),
            other => Self::invalid(other.to_string()),
        }
    }
}

impl From<insights::InsightError> for ApiError {
    fn from(error: insights::InsightError) -> Self {
        use insights::InsightError as E;
        match error {
            E::Store(error) => error.into(),
            E::Query(error) => error.into(),
            E::NoRequests { .. } => Self::new(ErrorCode::NotFound, error.to_string()),
            E::Panicked => Self::new(ErrorCode::Internal, error.to_string()),
        }
    }
}

impl From<checks::CheckError> for ApiError {
    fn from(error: checks::CheckError) -> Self {
        match error {
            checks::CheckError::Store(error) => error.into(),
            checks::CheckError::NotFound(_) => Self::not_found(error.to_string()),
            other => Self::invalid(other.to_string()),
        }
    }
}

impl From<alerts::AlertError> for ApiError {
    fn from(error: alerts::AlertError) -> Self {
        match error {
            alerts::AlertError::Store(error) => error.into(),
            alerts::AlertError::Query(error) => error.into(),
            alerts::AlertError::NotFound { .. } => Self::not_found(error.to_string()),
            other => Self::invalid(other.to_string()),
        }
    }
}

impl From<report::ReportError> for ApiError {
    fn from(error: report::ReportError) -> Self {
        match error {
            report::ReportError::Store(error) => error.into(),
            report::ReportError::Query(error) => error.into(),
            other => Self::invalid(other.to_string()),
        }
    }
}

impl From<engine::ConfirmationError> for ApiError {
    fn from(error: engine::ConfirmationError) -> Self {
        use engine::ConfirmationError as E;
        let code = match error {
            E::Refused | E::Expired | E::TooLong => ErrorCode::Forbidden,
            E::TooMany => ErrorCode::Busy,
        };
        Self::new(code, error.to_string())
    }
}

impl From<engine::EngineError> for ApiError {
    fn from(error: engine::EngineError) -> Self {
        use engine::EngineError as E;
        match error {
            E::Store(error) => error.into(),
            E::Check(error) => error.into(),
            E::Alert(error) => error.into(),
            E::Report(error) => error.into(),
            E::Settings(_)
            | E::ImportPath { .. }
            | E::Upload { .. }
            | E::TooManyImports { .. }
            | E::SentryToken { .. } => Self::invalid(error.to_string()),
            E::UnknownSentry { .. } => Self::not_found(error.to_string()),
            E::AlreadyRunning { .. } => Self::new(ErrorCode::Unavailable, error.to_string()),
            E::File { .. }
            | E::Channels(_)
            | E::Panicked { .. }
            | E::DemonstrationPort(_)
            | E::TokenStorage(_) => Self::new(ErrorCode::Internal, error.to_string()),
        }
    }
}
