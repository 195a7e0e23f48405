//! Responses as plain text.

use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header},
};

/// Returns a response with a line of plain text.
pub(crate) fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
