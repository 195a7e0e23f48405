//! Commands over HTTP: `POST /api/command/NAME` with the arguments as JSON.

use api::{ApiError, ErrorCode, Reply, SERIES_MEDIA_TYPE};
use axum::{
    body::{Body, Bytes},
    extract::{Path, State},
    http::{Response, StatusCode},
};

use super::LocalState;
use crate::{downloads, responses::answer};

/// Runs the command called `name` and returns its reply.
pub(crate) async fn run(
    State(local): State<LocalState>,
    Path(name): Path<String>,
    body: Bytes,
) -> Response<Body> {
    let arguments = if body.is_empty() { Ok(serde_json::json!({})) } else { serde_json::from_slice(&body) };
    let reply = match arguments {
        Ok(arguments) => local.backend.call(&name, arguments).await,
        Err(error) => Err(ApiError::invalid(format!("arguments of {name} are not JSON: {error}"))),
    };
    match reply {
        Ok(Reply::Json(value)) => answer("application/json", value.to_string()),
        Ok(Reply::Series(bytes)) => answer(SERIES_MEDIA_TYPE, bytes),
        Ok(Reply::File(file)) => downloads::attachment(file),
        Err(error) => failure(&error),
    }
}

fn failure(error: &ApiError) -> Response<Body> {
    let status = match error.code {
        ErrorCode::Invalid => StatusCode::BAD_REQUEST,
        ErrorCode::Forbidden => StatusCode::FORBIDDEN,
        ErrorCode::NotFound => StatusCode::NOT_FOUND,
        ErrorCode::Busy | ErrorCode::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::Deadline => StatusCode::GATEWAY_TIMEOUT,
        ErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let mut response = answer("application/json", serde_json::to_vec(error).unwrap_or_default());
    *response.status_mut() = status;
    response
}
