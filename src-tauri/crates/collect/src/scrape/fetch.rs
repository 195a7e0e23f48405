//! One request to a target.

use std::{error::Error, time::Duration};

use reqwest::{
    Client, RequestBuilder, Url,
    header::{self, HeaderMap},
};

use super::{access::Access, format};

/// What a target is asked and how.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) client: Client,
    pub(crate) url: Url,
    /// Value of the `Host` header where the URL names another host for TLS.
    pub(crate) host: Option<String>,
    pub(crate) access: Access,
    pub(crate) accept: String,
    pub(crate) fallback: Option<format::Format>,
    pub(crate) timeout: Duration,
    /// Larger bodies are given up, counted after decompression.
    pub(crate) most_bytes: usize,
}

/// A body and its format.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) body: Vec<u8>,
    pub(crate) format: format::Format,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) struct Unanswered {
    /// For people, without secrets.
    pub(crate) problem: String,
    /// Whether it was larger than what is read.
    pub(crate) is_too_large: bool,
}

impl From<String> for Unanswered {
    fn from(problem: String) -> Self {
        Self { problem, is_too_large: false }
    }
}

impl Question {
    /// Asks once. An error tells what went wrong without telling secrets.
    pub(crate) async fn ask(&self) -> Result<Answer, Unanswered> {
        let request = self
            .client
            .get(self.url.clone())
            .header(header::ACCEPT, &self.accept)
            .header("X-Prometheus-Scrape-Timeout-Seconds", seconds(self.timeout));
        let (headers, body) = answer(request, self.host.as_deref(), &self.access, self.most_bytes).await?;
        let content_type = headers.get(header::CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
        Ok(Answer { body, format: format::answered(content_type, self.fallback) })
    }
}

/// Sends a request and reads the answer, as long as it is a good one of at most so many bytes after decompression.
/// `host` is the value of the `Host` header where the URL names another. An error tells no secrets.
pub(super) async fn answer(
    mut request: RequestBuilder,
    host: Option<&str>,
    access: &Access,
    most_bytes: usize,
) -> Result<(HeaderMap, Vec<u8>), Unanswered> {
    if let Some(host) = host {
        request = request.header(header::HOST, host);
    }
    let request = access.credentials.apply(request).await?;
    let sent = request.send().await;
    let mut response = sent.map_err(|error| format!("cannot be reached: {}", chain(&error.without_url())))?;
    if response.status().as_u16() != 200 {
        return Err(format!("answered {}", response.status()).into());
    }
    let mut body = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| format!("the answer broke off: {}", chain(&error.without_url())))?
    {
        if body.len() + chunk.len() > most_bytes {
            let problem = format!("the answer is larger than {}", bytes(most_bytes));
            return Err(Unanswered { problem, is_too_large: true });
        }
        body.extend_from_slice(&chunk);
    }
    Ok((std::mem::take(response.headers_mut()), body))
}

fn bytes(number: usize) -> String {
    match number / 1024 / 1024 {
        mebibytes if mebibytes > 0 && number.is_multiple_of(1024 * 1024) => format!("{mebibytes} MiB"),
        _ => format!("{number} bytes"),
    }
}

/// A duration in seconds, without a fraction where there is none.
pub(crate) fn seconds(duration: Duration) -> String {
    duration.as_secs_f64().to_string()
}

/// An error with what caused it, which is where reqwest tells what happened.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
