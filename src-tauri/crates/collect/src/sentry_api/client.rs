//! The client of Sentry's web API: one request at a time, at the rate that the installation allows.
//! The token is in a header and nowhere else.

use std::{
    collections::BTreeMap,
    fs,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use model::{NANOS_PER_SECOND, Timestamp, masked_url};
use parking_lot::{Mutex, MutexGuard};
use rand::Rng;
use reqwest::{
    Certificate, StatusCode, Url,
    header::{AUTHORIZATION, HeaderValue},
    redirect::Policy,
};
use runtime::{Clock, ResponseMemory, ResponseShare};
use serde::de::DeserializeOwned;

use super::{
    address::ApiAddress,
    failure::Failure,
    limits::{Limits, next_cursor, server_time},
    rate_limiter::{Endpoint, RateLimiter},
    response::{body, detail, read, redacted},
};
use crate::error_chain::error_chain;

/// A source of the token; may block. An error names the location of the token, never the token.
pub type TokenSource = Arc<dyn Fn() -> Result<String, String> + Send + Sync>;

/// Timeout of a whole response.
const TIMEOUT: Duration = Duration::from_secs(30);
/// One page of a response.
#[derive(Debug)]
pub(crate) struct Page<T> {
    pub(crate) body: T,
    /// The size of the response, in bytes.
    pub(crate) bytes: usize,
    /// The cursor of the next page; none on the last.
    pub(crate) next: Option<String>,
}

/// The client of one installation.
pub(crate) struct Client {
    clock: Clock,
    share: ResponseShare,
    http: reqwest::Client,
    address: ApiAddress,
    source: TokenSource,
    token: Mutex<Option<String>>,
    limiter: Mutex<RateLimiter>,
    /// Held while a request is in progress.
    request_lock: tokio::sync::Mutex<()>,
    /// The installation's time minus the local time, in nanoseconds.
    skew: AtomicI64,
    requests: Mutex<BTreeMap<(Endpoint, u16), u64>>,
    responses: AtomicU64,
}

impl Client {
    /// Creates a client; an error describes the invalid setting. Blocks shortly.
    pub(crate) fn new(
        settings: &config::Sentry,
        source: TokenSource,
        clock: Clock,
        share: ResponseShare,
    ) -> Result<Self, String> {
        let address = ApiAddress::parse(&settings.url)?;
        let mut builder = tls::http_client_builder()
            .user_agent(concat!("binnacle/", env!("CARGO_PKG_VERSION")))
            // A redirect must not take the token to another host.
            .redirect(Policy::none())
            .timeout(TIMEOUT);
        if address.is_local() {
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
            clock,
            share,
            http: builder
                .build()
                .map_err(|error| format!("cannot make requests: {}", error_chain(&error)))?,
            address,
            source,
            token: Mutex::default(),
            limiter: Mutex::new(RateLimiter::new(settings.requests_per_second)),
            request_lock: tokio::sync::Mutex::default(),
            skew: AtomicI64::new(0),
            requests: Mutex::default(),
            responses: AtomicU64::new(0),
        })
    }

    /// Requests `endpoint` under `path` (without `/api/0/`). Waits for the rate limiter; drop the
    /// future to cancel.
    pub(crate) async fn get<T: DeserializeOwned + Send + 'static>(
        &self,
        endpoint: Endpoint,
        path: &[&str],
        query: &[(&str, String)],
    ) -> Result<Page<T>, Failure> {
        let url = self.address.url(path, query);
        loop {
            let request_lock = self.acquire(endpoint).await;
            let token = self.token().await?;
            // Held until what was read is parsed.
            let mut memory = self.share.response();
            let outcome = self.send(endpoint, url.clone(), &token, &mut memory).await;
            drop(request_lock);
            match outcome {
                Ok(Some((bytes, next))) => {
                    let length = bytes.len();
                    return match read(bytes).await {
                        Ok(body) => Ok(Page { body, bytes: length, next }),
                        Err(problem) => {
                            let random = rand::rng().random();
                            self.limiter().failed(Some(endpoint), None, self.clock.instant(), random);
                            Err(Failure::Broken(format!("{}: {problem}", endpoint.name())))
                        }
                    };
                }
                // Rate-limited.
                Ok(None) => {}
                Err(failure) => return Err(failure),
            }
        }
    }

    /// Waits until a request is allowed, and locks out other requests.
    async fn acquire(&self, endpoint: Endpoint) -> tokio::sync::MutexGuard<'_, ()> {
        loop {
            let request_lock = self.request_lock.lock().await;
            let wait = self.limiter().wait(endpoint, self.clock.instant());
            match wait {
                None => return request_lock,
                Some((wait, _)) => {
                    drop(request_lock);
                    self.clock.sleep(wait).await;
                }
            }
        }
    }

    /// Sends one request; returns none if the installation limits the rate.
    async fn send(
        &self,
        endpoint: Endpoint,
        url: Url,
        token: &str,
        memory: &mut ResponseMemory,
    ) -> Result<Option<(Vec<u8>, Option<String>)>, Failure> {
        let mut header = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| {
            Failure::NoToken("it contains characters that are not allowed in a token".to_owned())
        })?;
        header.set_sensitive(true);
        self.limiter().begin(self.clock.instant());
        let response = match self.http.get(url).header(AUTHORIZATION, header).send().await {
            Ok(response) => response,
            Err(error) => {
                self.count(endpoint, 0);
                self.limiter().failed(None, None, self.clock.instant(), rand::rng().random());
                return Err(Failure::Unreachable(error_chain(&error.without_url())));
            }
        };
        let status = response.status();
        self.count(endpoint, status.as_u16());
        if let Some(server_time) = server_time(response.headers()) {
            self.skew.store(server_time.since(self.clock.now()), Ordering::Relaxed);
        }
        let limits = Limits::read(response.headers(), self.server_now());
        let next = next_cursor(response.headers());
        let random = rand::rng().random();
        if status == StatusCode::TOO_MANY_REQUESTS {
            self.limiter().limit(endpoint, limits, self.clock.instant(), random);
            return Ok(None);
        }
        if status.is_redirection() {
            let to =
                response.headers().get("location").and_then(|to| to.to_str().ok()).unwrap_or("elsewhere");
            let detail = format!(
                ": it points to {}; use that address if it is right",
                redacted(&masked_url(to), token)
            );
            self.limiter().failed(Some(endpoint), None, self.clock.instant(), random);
            return Err(Failure::Server { status: status.as_u16(), detail });
        }
        let read = self.clock.timeout(TIMEOUT, body(response, memory)).await;
        let read = read.unwrap_or_else(|_| {
            let reason = if memory.is_waiting() {
                "no memory left for it: other responses take limits.response_bytes"
            } else {
                "it is not complete"
            };
            Err(format!("{reason} within {} s", TIMEOUT.as_secs()))
        });
        let body = match read {
            Ok(body) => body,
            Err(problem) => {
                self.limiter().failed(Some(endpoint), None, self.clock.instant(), random);
                return Err(Failure::Broken(format!("{}: {problem}", endpoint.name())));
            }
        };
        if status.is_success() {
            self.responses.fetch_add(1, Ordering::Relaxed);
            self.limiter().succeeded(endpoint, limits, self.clock.instant());
            return Ok(Some((body, next)));
        }
        let detail = detail(&body, token);
        let mut limiter = self.limiter();
        if status.is_server_error() {
            limiter.failed(Some(endpoint), limits.retry_after, self.clock.instant(), random);
        } else if status == StatusCode::UNAUTHORIZED {
            limiter.refused(self.clock.instant());
            *self.token.lock() = None;
        } else {
            limiter.succeeded(endpoint, limits, self.clock.instant());
        }
        Err(match status {
            StatusCode::UNAUTHORIZED => Failure::Refused(detail),
            StatusCode::FORBIDDEN => Failure::Forbidden(detail),
            StatusCode::NOT_FOUND => Failure::NotFound,
            other if other.is_server_error() => Failure::Server { status: other.as_u16(), detail },
            other => Failure::Rejected { status: other.as_u16(), detail },
        })
    }

    /// Returns the token, which is read again after a refusal.
    async fn token(&self) -> Result<String, Failure> {
        if let Some(token) = self.token.lock().clone() {
            return Ok(token);
        }
        let source = self.source.clone();
        let read = tokio::task::spawn_blocking(move || source())
            .await
            .unwrap_or_else(|_| Err("it could not be read".to_owned()));
        match read.map(|token| token.trim().to_owned()) {
            Ok(token) if !token.is_empty() => {
                *self.token.lock() = Some(token.clone());
                Ok(token)
            }
            other => {
                self.limiter().refused(self.clock.instant());
                Err(Failure::NoToken(other.err().unwrap_or_else(|| "it is empty".to_owned())))
            }
        }
    }

    /// Returns the time of the installation, from its last response.
    pub(crate) fn server_now(&self) -> Timestamp {
        self.clock.now().offset(self.skew.load(Ordering::Relaxed))
    }

    /// Returns the lead of the installation's clock in whole seconds.
    pub(crate) fn skew_seconds(&self) -> i64 {
        self.skew.load(Ordering::Relaxed) / NANOS_PER_SECOND
    }

    /// Returns the number of successful responses.
    pub(crate) fn responses(&self) -> u64 {
        self.responses.load(Ordering::Relaxed)
    }

    /// Returns the number of requests by endpoint and status (0 without a response).
    pub(crate) fn requests(&self) -> BTreeMap<(Endpoint, u16), u64> {
        self.requests.lock().clone()
    }

    pub(crate) fn limiter(&self) -> MutexGuard<'_, RateLimiter> {
        self.limiter.lock()
    }

    fn count(&self, endpoint: Endpoint, status: u16) {
        let mut requests = self.requests.lock();
        *requests.entry((endpoint, status)).or_default() += 1;
    }
}
