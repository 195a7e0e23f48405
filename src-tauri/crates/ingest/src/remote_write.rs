//! The Prometheus remote write receiver, 1.0 and 2.0 (prometheus.io, "Prometheus Remote-Write
//! specification").

mod conversion;
mod descriptor;
mod lists;
mod message;
mod native;
mod series_cache;
mod wire;
mod wire_series;

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::post,
};
use model::{RecordCounts, Timestamp};
use runtime::Clock;
use store::{Store, StoreError};
use tokio_util::sync::CancellationToken;

use self::{
    conversion::{Converted, Halt, Version, Written, convert},
    lists::Lists,
    message::{read_first, read_metadata, read_second},
    series_cache::SeriesCache,
    wire_series::WireSeries,
};
use crate::{
    counters::{IntakeCounters, records},
    error::IngestError,
    intake::Intake,
    limits::{
        body,
        budget::{IntakeBudget, Reservation},
        buffer::Buffer,
        cross_origin,
    },
    listener::Listener,
    rejection::Rejection,
};

/// The paths of remote write.
const PATHS: [&str; 2] = ["/api/v1/write", "/api/v1/push"];
/// Decompressed size up to which a request is converted on the async thread.
///
/// Its conversion takes a fraction of a millisecond; another thread would cost more.
const INLINE_BYTES: usize = 128 << 10;
/// Uncached series up to which a request is converted on the async thread.
///
/// Each takes some microseconds.
const MAX_INLINE_NEW_SERIES: usize = 32;
/// Maximum decompressed size of a request.
const MAX_DECOMPRESSED_BYTES: usize = 64 << 20;

#[derive(Clone)]
struct RemoteWrite {
    intake: Intake,
    cache: Arc<SeriesCache>,
}

/// Receives Prometheus remote write on `listener` until `stop` is cancelled.
///
/// Fails if other machines reach the listener and it has no protection. Open requests have 5
/// seconds to finish after `stop`. A request is answered with success only after its
/// points are committed.
pub async fn serve_remote_write(
    listener: impl Into<Listener>,
    store: Store,
    clock: Clock,
    counters: Arc<IntakeCounters>,
    budget: IntakeBudget,
    stop: CancellationToken,
) -> Result<(), IngestError> {
    let cache = Arc::new(SeriesCache::new(store.clone()));
    let intake = Intake::new(store, clock, counters, budget);
    let state = RemoteWrite { intake: intake.clone(), cache };
    let routes = PATHS
        .into_iter()
        .fold(Router::new(), |routes, path| routes.route(path, post(receive)))
        .fallback(unknown_path)
        .method_not_allowed_fallback(wrong_method)
        .with_state(state);
    intake.serve(listener.into(), routes, refused, stop).await
}

async fn receive(State(remote): State<RemoteWrite>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let negotiated = cross_origin::allowed_origin(&head.headers).and_then(|_| version(&head.headers));
    let outcome = match negotiated {
        Ok(version) => remote.intake.connections().until_ended(remote.process(version, body)).await,
        Err(rejection) => Err(rejection),
    };
    match outcome {
        Ok(converted) => success(converted.written, converted.message()),
        Err(rejection) => {
            remote.intake.reject(&rejection);
            rejected(&rejection)
        }
    }
}

/// Returns the message type that the headers announce.
fn version(headers: &HeaderMap) -> Result<Version, Rejection> {
    let text = |name: HeaderName| {
        headers.get(name).map_or(Ok(""), |value| value.to_str()).unwrap_or("?").trim().to_ascii_lowercase()
    };
    let encoding = text(header::CONTENT_ENCODING);
    // Old senders omit the header and compress nevertheless.
    if !matches!(encoding.as_str(), "" | "snappy") {
        return Err(Rejection::Unsupported(format!(
            "content encoding {encoding:?} is not supported, send snappy"
        )));
    }
    let content_type = text(header::CONTENT_TYPE);
    let mut parameters = content_type.split(';').map(str::trim);
    if !matches!(parameters.next(), Some("" | "application/x-protobuf")) {
        return Err(Rejection::Unsupported(format!(
            "content type {content_type:?} is not remote write, send application/x-protobuf"
        )));
    }
    let message = parameters.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        (name.trim() == "proto").then(|| value.trim().trim_matches('"'))
    });
    match message {
        None | Some("prometheus.writerequest") => Ok(Version::First),
        Some("io.prometheus.write.v2.request") => Ok(Version::Second),
        Some(other) => Err(Rejection::Unsupported(format!(
            "message {other:?} is not supported, send prometheus.WriteRequest or io.prometheus.write.v2.Request"
        ))),
    }
}

impl RemoteWrite {
    async fn process(&self, version: Version, body: Body) -> Result<Converted, Rejection> {
        let Buffer { bytes, reservation: _compressed } = body::read(body, self.intake.budget()).await?;
        let compressed = Arc::new(bytes);
        match self.store(version, Arc::clone(&compressed)).await {
            // Retention may have removed cached series.
            Err(Failure::Store(StoreError::InvalidRequest(_))) => {
                self.cache.clear_series();
                self.store(version, compressed).await
            }
            outcome => outcome,
        }
        .map_err(|failure| match failure {
            Failure::Rejected(rejection) => rejection,
            Failure::Store(error) => error.into(),
        })
    }

    /// Converts a body and stores its points.
    async fn store(&self, version: Version, compressed: Arc<Vec<u8>>) -> Result<Converted, Failure> {
        let now = self.intake.now();
        let is_small = snap::raw::decompress_len(&compressed).is_ok_and(|length| length <= INLINE_BYTES);
        let inline = if is_small {
            match self.convert(&compressed, version, now, MAX_INLINE_NEW_SERIES) {
                Ok(converted) => Some(converted),
                Err(Halt::TooManyNew) => None,
                Err(Halt::Rejected(rejection)) => return Err(rejection.into()),
            }
        } else {
            None
        };
        let (mut converted, reservation) = match inline {
            Some(converted) => converted,
            None => {
                let permit = self.intake.connections().decoder().await?;
                let remote = self.clone();
                let decoding = tokio::task::spawn_blocking(move || {
                    let _permit = permit;
                    remote.convert(&compressed, version, now, usize::MAX)
                });
                decoding.await.map_err(|_| Rejection::Internal)?.map_err(|halt| match halt {
                    Halt::Rejected(rejection) => rejection,
                    // Unreachable without a limit.
                    Halt::TooManyNew => Rejection::Internal,
                })?
            }
        };
        let batch = std::mem::take(&mut converted.batch);
        let counts = records(&batch);
        let accepted = self.intake.commit(batch, reservation, None).await.map_err(Failure::Store)?;
        if accepted.dropped == 0 {
            self.cache.extend(std::mem::take(&mut converted.fresh), converted.generation);
        } else {
            // Which of the new series were dropped is unknown here, so none is cached.
            converted.add_dropped(&accepted);
        }
        let counts = RecordCounts { samples: counts.samples.saturating_sub(accepted.dropped), ..counts };
        let counters = self.intake.counters();
        counters.count_stored(counts, now);
        counters.count_rejected_records(converted.rejected);
        if let Some(name) = &converted.rounded {
            counters.warn_rounded(name);
        }
        Ok(converted)
    }
}

impl RemoteWrite {
    /// Decompresses and converts a body. Returns the memory of its records too. Blocking.
    fn convert(
        &self,
        compressed: &[u8],
        version: Version,
        now: Timestamp,
        max_new: usize,
    ) -> Result<(Converted, Reservation), Halt> {
        let mut reservation = self.intake.budget().reservation();
        let message = decompress(compressed, &mut reservation)?;
        let mut records = self.intake.budget().reservation();
        let converted = convert(&message, version, &self.cache, &mut records, now, max_new)?;
        Ok((converted, records))
    }
}

/// The failure of a request, with the errors of the store apart.
enum Failure {
    Rejected(Rejection),
    Store(StoreError),
}

impl From<Rejection> for Failure {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

/// Decompresses a body and reads its series without converting them, for the crate `fuzz`.
pub(crate) fn read_only(is_second: bool, body: &[u8], budget: &IntakeBudget) {
    let Ok(message) = decompress(body, &mut budget.reservation()) else { return };
    let mut lists = Lists::new(budget.reservation());
    let take = |series: &WireSeries<'_>| series.labels().map(drop);
    let _ = match is_second {
        true => read_second::<Rejection>(&message, lists, take),
        false => read_metadata(&message, &mut lists).and_then(|_| read_first(&message, lists, take)),
    };
}

/// Decompresses Snappy's block format, whose header has the decompressed size. Blocking.
fn decompress(compressed: &[u8], reservation: &mut Reservation) -> Result<Vec<u8>, Rejection> {
    let malformed =
        |error: snap::Error| Rejection::Malformed(format!("the request body is not valid snappy: {error}"));
    let length = snap::raw::decompress_len(compressed).map_err(malformed)?;
    if length > MAX_DECOMPRESSED_BYTES {
        return Err(Rejection::TooLarge(format!(
            "the decompressed request has {length} bytes, more than {} MiB, send smaller batches",
            MAX_DECOMPRESSED_BYTES >> 20
        )));
    }
    // The format compresses 64 bytes to 3 at best.
    if length / 32 > compressed.len() {
        return Err(Rejection::Malformed("the request body announces more than it can hold".to_owned()));
    }
    reservation.charge(length)?;
    snap::raw::Decoder::new().decompress_vec(compressed).map_err(malformed)
}

fn success(written: Written, problem: String) -> Response {
    let mut response = if problem.is_empty() {
        StatusCode::NO_CONTENT.into_response()
    } else {
        // Points that were rejected once will be again: the sender must not retry.
        (StatusCode::BAD_REQUEST, format!("{problem}\n")).into_response()
    };
    set_written(response.headers_mut(), written);
    response
}

fn set_written(headers: &mut HeaderMap, written: Written) {
    for (name, count) in [
        ("x-prometheus-remote-write-samples-written", written.samples),
        ("x-prometheus-remote-write-histograms-written", written.histograms),
        ("x-prometheus-remote-write-exemplars-written", written.exemplars),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from(count));
    }
}

/// Answers a request that is refused before it is received.
fn refused(_: &HeaderMap, rejection: &Rejection) -> Response {
    rejected(rejection)
}

fn rejected(rejection: &Rejection) -> Response {
    let status = match rejection {
        // Senders do not retry after a 4xx, but this request may succeed on the next attempt.
        Rejection::TooSlow(_) => StatusCode::SERVICE_UNAVAILABLE,
        other => other.http_status(),
    };
    let mut response = (status, format!("{rejection}\n")).into_response();
    if let Some(seconds) = rejection.retry_after_seconds() {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    set_written(response.headers_mut(), Written::default());
    response
}

async fn unknown_path(uri: Uri) -> Response {
    let message = format!("no resource at {}: send remote write with POST to {}\n", uri.path(), PATHS[0]);
    (StatusCode::NOT_FOUND, message).into_response()
}

async fn wrong_method(method: Method) -> Response {
    let message = format!("method {method} is not allowed: send remote write with POST\n");
    (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "POST")], message).into_response()
}

#[cfg(test)]
mod tests {
    use store::StoreOptions;

    use super::*;

    #[tokio::test]
    async fn a_series_that_the_store_removed_is_described_again() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), StoreOptions::default()).unwrap();
        let cache = Arc::new(SeriesCache::new(store.clone()));
        let remote = RemoteWrite {
            intake: Intake::new(store.clone(), Clock::system(), Arc::default(), IntakeBudget::default()),
            cache,
        };
        let field = |number: u8, content: &[u8]| [&[number << 3 | 2, content.len() as u8], content].concat();
        let label = [field(1, b"__name__"), field(2, b"up")].concat();
        let mut time = vec![0x10];
        let now = remote.intake.now();
        let mut millis = now.0.cast_unsigned() / 1_000_000;
        while millis >= 0x80 {
            time.push((millis & 0x7f) as u8 | 0x80);
            millis >>= 7;
        }
        time.push(millis as u8);
        let message = field(1, &[field(1, &label), field(2, &time)].concat());
        let mut records = remote.intake.budget().reservation();
        let found = convert(&message, Version::First, &remote.cache, &mut records, now, 1).ok().unwrap();
        assert_eq!((found.batch.samples.len(), found.message()), (1, String::new()));
        // As if it had been stored and removed since.
        remote.cache.extend(found.fresh, found.generation);
        let compressed = snap::raw::Encoder::new().compress_vec(&message).unwrap();
        let converted = remote.process(Version::First, Body::from(compressed)).await.ok().unwrap();
        assert_eq!(converted.written.samples, 1);
        assert_eq!(store.admin().statistics().await.unwrap().samples, 1);
    }
}
