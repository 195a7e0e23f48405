//! Asking Sentry's web API: one request at a time, as often as the installation allows, with the token in a header
//! and nowhere else.

use std::{
    collections::BTreeMap,
    fs,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use model::{NANOS_PER_SECOND, Timestamp};
use rand::Rng;
use reqwest::{
    Certificate, Response, StatusCode, Url,
    header::{AUTHORIZATION, HeaderValue},
    redirect::Policy,
};
use serde::de::DeserializeOwned;

use super::{
    failure::Failure,
    limits::{Limits, next_cursor, server_time},
    pace::{Endpoint, Pace},
};
use crate::{clock, error_chain::error_chain};

/// Gives the token each time it is asked; may block. An error says where a token was looked for, and never what it is.
pub type TokenSource = Arc<dyn Fn() -> Result<String, String> + Send + Sync>;

/// Larger answers are given up, counted after decompression.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// How long an answer may take as a whole.
const PATIENCE: Duration = Duration::from_secs(30);
/// How much of the installation's own words is repeated.
const DETAIL_CHARACTERS: usize = 200;

/// One page of an answer.
#[derive(Debug)]
pub(crate) struct Page<T> {
    pub(crate) body: T,
    /// The cursor of the next page; none on the last.
    pub(crate) next: Option<String>,
}

/// Asks one installation.
pub(crate) struct Client {
    http: reqwest::Client,
    base: Url,
    source: TokenSource,
    token: Mutex<Option<String>>,
    pace: Mutex<Pace>,
    /// Held while a request is under way.
    turn: tokio::sync::Mutex<()>,
    /// The clock of the installation less ours, in nanoseconds.
    skew: AtomicI64,
    requests: Mutex<BTreeMap<(Endpoint, u16), u64>>,
    answered: AtomicU64,
}

impl Client {
    /// A client for the installation; an error says what in the settings cannot be used. Blocks shortly.
    pub(crate) fn new(settings: &config::Sentry, source: TokenSource) -> Result<Self, String> {
        let mut base =
            Url::parse(&settings.url).map_err(|error| format!("the address is not a URL: {error}"))?;
        let host = base.host_str().ok_or("the address has no host")?.to_owned();
        // People copy the address with the API's own path.
        let path = base.path().trim_end_matches('/');
        let path = path.strip_suffix("/api/0").unwrap_or(path).to_owned();
        base.set_path(&path);
        base.path_segments_mut().map_err(|()| "the address has no path")?;
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("binnacle/", env!("CARGO_PKG_VERSION")))
            // The token must not follow to wherever an answer points.
            .redirect(Policy::none())
            .timeout(PATIENCE);
        let local =
            host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
        if local || host == "localhost" {
            builder = builder.no_proxy();
        }
        if !settings.ca_file.is_empty() {
            let unusable = |reason: String| format!("the certificates in {}: {reason}", settings.ca_file);
            let bytes = fs::read(&settings.ca_file).map_err(|error| unusable(error.to_string()))?;
            let certificates =
                Certificate::from_pem_bundle(&bytes).map_err(|error| unusable(error.to_string()))?;
            for certificate in certificates {
                builder = builder.add_root_certificate(certificate);
            }
        }
        Ok(Self {
            http: builder
                .build()
                .map_err(|error| format!("cannot make requests: {}", error_chain(&error)))?,
            base,
            source,
            token: Mutex::default(),
            pace: Mutex::new(Pace::new(settings.requests_per_second)),
            turn: tokio::sync::Mutex::default(),
            skew: AtomicI64::new(0),
            requests: Mutex::default(),
            answered: AtomicU64::new(0),
        })
    }

    /// Asks `endpoint` under `path` (without `/api/0/`), once the installation allows it. Waits as long as that takes:
    /// drop the future to give up.
    pub(crate) async fn get<T: DeserializeOwned + Send + 'static>(
        &self,
        endpoint: Endpoint,
        path: &[&str],
        query: &[(&str, String)],
    ) -> Result<Page<T>, Failure> {
        let url = self.url(path, query);
        loop {
            let turn = self.turn_for(endpoint).await;
            let token = self.token().await?;
            let asked = self.ask(endpoint, url.clone(), &token).await;
            drop(turn);
            match asked {
                Ok(Some((bytes, next))) => {
                    return match read(bytes).await {
                        Ok(body) => Ok(Page { body, next }),
                        Err(problem) => {
                            let random = rand::rng().random();
                            self.pace().failed(Some(endpoint), None, Instant::now(), random);
                            Err(Failure::Broken(format!("{}: {problem}", endpoint.name())))
                        }
                    };
                }
                // Told to wait.
                Ok(None) => {}
                Err(failure) => return Err(failure),
            }
        }
    }

    /// Waits until a request may be made, and keeps others from being made meanwhile.
    async fn turn_for(&self, endpoint: Endpoint) -> tokio::sync::MutexGuard<'_, ()> {
        loop {
            let turn = self.turn.lock().await;
            let wait = self.pace().wait(endpoint, Instant::now());
            match wait {
                None => return turn,
                Some((wait, _)) => {
                    drop(turn);
                    tokio::time::sleep(wait).await;
                }
            }
        }
    }

    /// One request; none if the installation says to come back later.
    async fn ask(
        &self,
        endpoint: Endpoint,
        url: Url,
        token: &str,
    ) -> Result<Option<(Vec<u8>, Option<String>)>, Failure> {
        let mut header = HeaderValue::from_str(&format!("Bearer {token}"))
            .map_err(|_| Failure::NoToken("it holds characters that no token has".to_owned()))?;
        header.set_sensitive(true);
        self.pace().begin(Instant::now());
        let response = match self.http.get(url).header(AUTHORIZATION, header).send().await {
            Ok(response) => response,
            Err(error) => {
                self.count(endpoint, 0);
                self.pace().failed(None, None, Instant::now(), rand::rng().random());
                return Err(Failure::Unreachable(error_chain(&error.without_url())));
            }
        };
        let status = response.status();
        self.count(endpoint, status.as_u16());
        if let Some(told) = server_time(response.headers()) {
            self.skew.store(told.since(clock::now()), Ordering::Relaxed);
        }
        let limits = Limits::read(response.headers(), self.server_now());
        let next = next_cursor(response.headers());
        let random = rand::rng().random();
        if status == StatusCode::TOO_MANY_REQUESTS {
            self.pace().limit(endpoint, limits, Instant::now(), random);
            return Ok(None);
        }
        if status.is_redirection() {
            let to =
                response.headers().get("location").and_then(|to| to.to_str().ok()).unwrap_or("elsewhere");
            let detail = format!(": it points to {}; use that address if it is right", shown(to, token));
            self.pace().failed(Some(endpoint), None, Instant::now(), random);
            return Err(Failure::Server { status: status.as_u16(), detail });
        }
        let body = match body(response).await {
            Ok(body) => body,
            Err(problem) => {
                self.pace().failed(Some(endpoint), None, Instant::now(), random);
                return Err(Failure::Broken(format!("{}: {problem}", endpoint.name())));
            }
        };
        if status.is_success() {
            self.answered.fetch_add(1, Ordering::Relaxed);
            self.pace().succeeded(endpoint, limits, Instant::now());
            return Ok(Some((body, next)));
        }
        let detail = detail(&body, token);
        let mut pace = self.pace();
        if status.is_server_error() {
            pace.failed(Some(endpoint), limits.retry_after, Instant::now(), random);
        } else if status == StatusCode::UNAUTHORIZED {
            pace.refused(Instant::now());
            *self.token.lock().unwrap_or_else(PoisonError::into_inner) = None;
        } else {
            pace.succeeded(endpoint, limits, Instant::now());
        }
        Err(match status {
            StatusCode::UNAUTHORIZED => Failure::Refused(detail),
            StatusCode::FORBIDDEN => Failure::Forbidden(detail),
            StatusCode::NOT_FOUND => Failure::NotFound,
            other if other.is_server_error() => Failure::Server { status: other.as_u16(), detail },
            other => Failure::Rejected { status: other.as_u16(), detail },
        })
    }

    fn url(&self, path: &[&str], query: &[(&str, String)]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["api", "0"]).extend(path).push("");
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// The token, read anew after it was refused.
    async fn token(&self) -> Result<String, Failure> {
        if let Some(token) = self.token.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            return Ok(token);
        }
        let source = self.source.clone();
        let read = tokio::task::spawn_blocking(move || source())
            .await
            .unwrap_or_else(|_| Err("it could not be read".to_owned()));
        match read.map(|token| token.trim().to_owned()) {
            Ok(token) if !token.is_empty() => {
                *self.token.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
                Ok(token)
            }
            other => {
                self.pace().refused(Instant::now());
                Err(Failure::NoToken(other.err().unwrap_or_else(|| "it is empty".to_owned())))
            }
        }
    }

    /// The clock of the installation, as far as it is known.
    pub(crate) fn server_now(&self) -> Timestamp {
        clock::now().offset(self.skew.load(Ordering::Relaxed))
    }

    /// How far the installation's clock is ahead of ours, in whole seconds.
    pub(crate) fn skew_seconds(&self) -> i64 {
        self.skew.load(Ordering::Relaxed) / NANOS_PER_SECOND
    }

    /// How many questions were answered so far.
    pub(crate) fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    /// Requests made so far by endpoint and status (0 where there was no answer).
    pub(crate) fn requests(&self) -> BTreeMap<(Endpoint, u16), u64> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, endpoint: Endpoint, status: u16) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        *requests.entry((endpoint, status)).or_default() += 1;
    }
}

async fn body(mut response: Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= MOST_BYTES => body.extend_from_slice(&chunk),
            Ok(Some(_)) => return Err(format!("it is larger than {} MiB", MOST_BYTES / 1024 / 1024)),
            Ok(None) => return Ok(body),
            Err(error) => return Err(format!("it broke off: {}", error_chain(&error.without_url()))),
        }
    }
}

async fn read<T: DeserializeOwned + Send + 'static>(body: Vec<u8>) -> Result<T, String> {
    tokio::task::spawn_blocking(move || serde_json::from_slice(&body).map_err(|error| error.to_string()))
        .await
        .unwrap_or_else(|_| Err("reading it failed".to_owned()))
}

/// What the installation says of a refusal, as `: text`; empty if nothing.
fn detail(body: &[u8], token: &str) -> String {
    let told = serde_json::from_slice::<serde_json::Value>(body).ok();
    let told = told.as_ref().and_then(|told| {
        let detail = told.get("detail").or_else(|| told.get("error"))?;
        detail.as_str().or_else(|| detail.get("message")?.as_str())
    });
    told.map_or_else(String::new, |text| format!(": {}", shown(text, token)))
}

/// One short line, with the token blotted out should it be repeated.
fn shown(text: &str, token: &str) -> String {
    let text = text.replace(token, "…");
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(DETAIL_CHARACTERS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(base: &str, path: &[&str]) -> String {
        let client = Client::new(&config::Sentry::new("a", base), Arc::new(|| Ok(String::new()))).unwrap();
        client.url(path, &[]).into()
    }

    #[test]
    fn addresses_are_made_from_what_people_copy() {
        let wanted = "https://sentry.example.org/api/0/organizations/acme/stats_v2/";
        let path = ["organizations", "acme", "stats_v2"];
        for base in
            ["https://sentry.example.org", "https://sentry.example.org/", "https://sentry.example.org/api/0/"]
        {
            assert_eq!(url(base, &path), wanted);
        }
        assert_eq!(url("http://host/under/", &["organizations"]), "http://host/under/api/0/organizations/");
        assert_eq!(url("http://h", &["organizations", "../x?y"]), "http://h/api/0/organizations/..%2Fx%3Fy/");
    }

    #[test]
    fn what_the_server_says_is_repeated_without_the_token() {
        let body = br#"{"detail": {"message": "bad\ntoken sntryu_0123 given"}}"#;
        assert_eq!(detail(body, "sntryu_0123"), ": bad token … given");
        assert_eq!(detail(b"<html>", "x"), "");
        assert_eq!(
            detail(&serde_json::to_vec(&serde_json::json!({"detail": "ä".repeat(999)})).unwrap(), "x")
                .chars()
                .count(),
            203
        );
    }
}
