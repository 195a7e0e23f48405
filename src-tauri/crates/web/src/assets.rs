//! The console's files, embedded from `ui/dist`.

use axum::{
    body::Body,
    http::{HeaderValue, Method, Response, StatusCode, Uri, header},
};
use rust_embed::RustEmbed;

use crate::responses::plain;

#[derive(RustEmbed)]
#[folder = "../../../ui/dist"]
struct Assets;

/// Serves a file of the console, and its page for an address without a file name.
pub(crate) async fn file(method: Method, uri: Uri) -> Response<Body> {
    if ![Method::GET, Method::HEAD].contains(&method) {
        let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "files are only read\n");
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    let path = uri.path().trim_start_matches('/');
    let name = if path.is_empty() { "index.html" } else { path };
    let Some(found) = Assets::get(name) else {
        return plain(StatusCode::NOT_FOUND, "no such file in the console\n");
    };
    let mut response = Response::new(Body::from(found.data.into_owned()));
    let headers = response.headers_mut();
    let kind = mime_guess::from_path(name).first_or_octet_stream();
    if let Ok(value) = HeaderValue::from_str(kind.as_ref()) {
        headers.insert(header::CONTENT_TYPE, value);
    }
    // Names of built files contain a hash of their contents. The page that names them is not
    // cached.
    let cache = if name.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    response
}
