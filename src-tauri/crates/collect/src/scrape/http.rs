//! HTTP requests to targets.

use std::time::Duration;

use reqwest::{
    Client, RequestBuilder, Url,
    header::{self, HeaderMap},
};
use runtime::{ResponseMemory, ResponseShare};

use super::{format, http_client::ClientSettings};
use crate::error_chain::error_chain;

/// A request to a target.
#[derive(Debug, Clone)]
pub(crate) struct ScrapeRequest {
    pub(crate) client: Client,
    pub(crate) url: Url,
    /// Value of the `Host` header, if the URL has another host name for TLS.
    pub(crate) host: Option<String>,
    pub(crate) client_settings: ClientSettings,
    pub(crate) accept: String,
    pub(crate) fallback: Option<format::Format>,
    pub(crate) timeout: Duration,
    /// Maximum number of bytes of the body after decompression.
    pub(crate) max_bytes: usize,
    /// The memory that responses of the job may take.
    pub(crate) share: ResponseShare,
}

/// A body and its format.
#[derive(Debug)]
pub(crate) struct ScrapeResponse {
    pub(crate) body: Vec<u8>,
    pub(crate) format: format::Format,
}

/// A failed request.
#[derive(Debug)]
pub(crate) struct ScrapeError {
    /// Message without secrets.
    pub(crate) problem: String,
    /// True if the body exceeds the limit.
    pub(crate) is_too_large: bool,
}

impl From<String> for ScrapeError {
    fn from(problem: String) -> Self {
        Self { problem, is_too_large: false }
    }
}

impl ScrapeRequest {
    /// Sends the request once. Errors contain no secrets.
    pub(crate) async fn send(&self, memory: &mut ResponseMemory) -> Result<ScrapeResponse, ScrapeError> {
        let request = self
            .client
            .get(self.url.clone())
            .header(header::ACCEPT, &self.accept)
            .header("X-Prometheus-Scrape-Timeout-Seconds", seconds(self.timeout));
        let (headers, body) =
            fetch(request, self.host.as_deref(), &self.client_settings, self.max_bytes, memory).await?;
        let content_type = headers.get(header::CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
        Ok(ScrapeResponse { body, format: format::of_response(content_type, self.fallback) })
    }
}

/// Sends a request and reads the body of a response with status 200, at most `max_bytes` after
/// decompression. Its memory is that of `memory`, for which it waits. `host` is the value of the
/// `Host` header, if the URL has another host name. Errors contain no secrets.
pub(super) async fn fetch(
    mut request: RequestBuilder,
    host: Option<&str>,
    client_settings: &ClientSettings,
    max_bytes: usize,
    memory: &mut ResponseMemory,
) -> Result<(HeaderMap, Vec<u8>), ScrapeError> {
    if let Some(host) = host {
        request = request.header(header::HOST, host);
    }
    let request = client_settings.credentials.apply(request).await?;
    let sent = request.send().await;
    let mut response =
        sent.map_err(|error| format!("cannot be reached: {}", error_chain(&error.without_url())))?;
    if response.status().as_u16() != 200 {
        return Err(format!("answered {}", response.status()).into());
    }
    let mut body = Vec::new();
    // What has not been read yet stays in buffers of the connection.
    memory.grow_to(0).await;
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| format!("the response ended early: {}", error_chain(&error.without_url())))?
    {
        if body.len() + chunk.len() > max_bytes {
            let problem = format!("the response is larger than {}", bytes(max_bytes));
            return Err(ScrapeError { problem, is_too_large: true });
        }
        let length = body.len() + chunk.len();
        if length > body.capacity() {
            let granted = memory.grow_to(length).await.min(max_bytes);
            body.reserve_exact(granted.max(length) - body.len());
        }
        body.extend_from_slice(&chunk);
    }
    Ok((std::mem::take(response.headers_mut()), body))
}

/// Returns the problem of a response that got no memory in time.
pub(super) fn no_memory(timeout: Duration) -> String {
    format!(
        "no memory left for the response within {} s: other responses take limits.response_bytes",
        seconds(timeout)
    )
}

fn bytes(number: usize) -> String {
    match number / 1024 / 1024 {
        mebibytes if mebibytes > 0 && number.is_multiple_of(1024 * 1024) => format!("{mebibytes} MiB"),
        _ => format!("{number} bytes"),
    }
}

/// Formats a duration in seconds, without a fraction if it is whole.
pub(crate) fn seconds(duration: Duration) -> String {
    duration.as_secs_f64().to_string()
}
