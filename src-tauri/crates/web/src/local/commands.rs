//! Commands over HTTP: `POST /api/command/NAME` with the arguments as JSON.

use api::{ApiError, ErrorCode, FileReply, Reply, SERIES_MEDIA_TYPE};
use axum::{
    body::{Body, Bytes},
    extract::{Path, State},
    http::{HeaderValue, Response, StatusCode, header},
};

use super::LocalState;

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
        Ok(Reply::Json(value)) => answer("application/json", value.to_string().into_bytes()),
        Ok(Reply::Series(bytes)) => answer(SERIES_MEDIA_TYPE, bytes),
        Ok(Reply::File(file)) => attachment(file),
        Err(error) => failure(&error),
    }
}

fn answer(media_type: &str, bytes: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Body::from(bytes));
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(media_type) {
        headers.insert(header::CONTENT_TYPE, value);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

fn attachment(file: FileReply) -> Response<Body> {
    let mut response = answer(&file.media_type, file.bytes);
    let name: String = file
        .name
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() || "-_.".contains(letter) { letter } else { '_' })
        .collect();
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, value);
    }
    response
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
