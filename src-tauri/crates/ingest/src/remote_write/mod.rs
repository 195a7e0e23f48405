//! Prometheus remote write, 1.0 and 2.0: requests, negotiation and answers as the specifications say
//! (prometheus.io, "Prometheus Remote-Write specification").

mod conversion;
mod descriptor;
mod known;
mod message;
mod native;
mod wire;

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::post,
    serve::ListenerExt,
};
use model::RecordCounts;
use store::{Store, StoreError};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use self::{
    conversion::{Converted, Halt, Version, Written, convert},
    known::Known,
};
use crate::{
    IngestError, Trimmed, body,
    counters::{IntakeCounters, records},
    cross_origin,
    intake::{Intake, now},
    refusal::Refusal,
};

/// Where remote write is received.
const PATHS: [&str; 2] = ["/api/v1/write", "/api/v1/push"];
/// A request that has no more than this once unpacked is read at once, in a fraction of a millisecond: to hand it to
/// another thread would cost more.
const SMALL_UNPACKED_BYTES: usize = 128 << 10;
/// Series that are not known take some microseconds each: a request with more of them is handed on nevertheless.
const MOST_NEW_AT_ONCE: usize = 32;
/// Bytes that a request may have once unpacked.
const MAX_UNPACKED_BYTES: usize = 64 << 20;

#[derive(Clone)]
struct RemoteWrite {
    intake: Intake,
    known: Arc<Known>,
}

/// Receives Prometheus remote write on `listener` until `stop` is cancelled, then lets requests that are under way
/// finish for up to 5 seconds. A request is answered with success only after its points are committed.
pub async fn serve_remote_write(
    listener: TcpListener,
    store: Store,
    counters: Arc<IntakeCounters>,
    stop: CancellationToken,
) -> Result<(), IngestError> {
    let known = Arc::new(Known::new(store.clone()));
    let intake = Intake::new(store, counters);
    let state = RemoteWrite { intake: intake.clone(), known };
    let routes = PATHS
        .into_iter()
        .fold(Router::new(), |routes, path| routes.route(path, post(receive)))
        .fallback(unknown_path)
        .method_not_allowed_fallback(wrong_method)
        .with_state(state);
    // Fails only where the option is not supported, and then the connection works without it.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    let server = axum::serve(listener, routes).with_graceful_shutdown(stop.clone().cancelled_owned());
    intake.serve_until(stop, async { server.await.map_err(IngestError::RemoteWrite) }).await
}

async fn receive(State(remote): State<RemoteWrite>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let negotiated = cross_origin::allowed_origin(&head.headers).and_then(|_| version(&head.headers));
    let outcome = match negotiated {
        Ok(version) => remote.intake.until_ended(remote.process(version, body)).await,
        Err(refusal) => Err(refusal),
    };
    match outcome {
        Ok(converted) => answer(converted.written, converted.message()),
        Err(refusal) => {
            remote.intake.refuse(&refusal);
            refused(&refusal)
        }
    }
}

/// The message that the headers announce.
fn version(headers: &HeaderMap) -> Result<Version, Refusal> {
    let text = |name: HeaderName| {
        headers.get(name).map_or(Ok(""), |value| value.to_str()).unwrap_or("?").trim().to_ascii_lowercase()
    };
    let encoding = text(header::CONTENT_ENCODING);
    // Old senders leave it out and pack nevertheless.
    if !matches!(encoding.as_str(), "" | "snappy") {
        return Err(Refusal::Unsupported(format!("content encoding {encoding:?} is not known, send snappy")));
    }
    let content_type = text(header::CONTENT_TYPE);
    let mut parts = content_type.split(';').map(str::trim);
    if !matches!(parts.next(), Some("" | "application/x-protobuf")) {
        return Err(Refusal::Unsupported(format!(
            "content type {content_type:?} is not remote write, send application/x-protobuf"
        )));
    }
    let message = parts.find_map(|part| {
        let (name, value) = part.split_once('=')?;
        (name.trim() == "proto").then(|| value.trim().trim_matches('"'))
    });
    match message {
        None | Some("prometheus.writerequest") => Ok(Version::First),
        Some("io.prometheus.write.v2.request") => Ok(Version::Second),
        Some(other) => Err(Refusal::Unsupported(format!(
            "message {other:?} is not known, send prometheus.WriteRequest or io.prometheus.write.v2.Request"
        ))),
    }
}

impl RemoteWrite {
    async fn process(&self, version: Version, body: Body) -> Result<Converted, Refusal> {
        let packed = Arc::new(body::read(body).await?);
        match self.attempt(version, Arc::clone(&packed)).await {
            // Retention may have taken series away that are known here.
            Err(Failure::Store(StoreError::InvalidRequest(_))) => {
                self.known.forget_series();
                self.attempt(version, packed).await
            }
            outcome => outcome,
        }
        .map_err(|failure| match failure {
            Failure::Refused(refusal) => refusal,
            Failure::Store(error) => error.into(),
        })
    }

    async fn attempt(&self, version: Version, packed: Arc<Vec<u8>>) -> Result<Converted, Failure> {
        let now = now();
        let small = snap::raw::decompress_len(&packed).is_ok_and(|length| length <= SMALL_UNPACKED_BYTES);
        let at_once = if small {
            match convert(&unpack(&packed)?, version, &self.known, now, MOST_NEW_AT_ONCE) {
                Ok(converted) => Some(converted),
                Err(Halt::MuchNew) => None,
                Err(Halt::Refused(refusal)) => return Err(refusal.into()),
            }
        } else {
            None
        };
        let mut converted = match at_once {
            Some(converted) => converted,
            None => {
                let permit = self.intake.decoder().await?;
                let known = Arc::clone(&self.known);
                let decoding = tokio::task::spawn_blocking(move || {
                    let _permit = permit;
                    convert(&unpack(&packed)?, version, &known, now, usize::MAX)
                });
                decoding.await.map_err(|_| Refusal::Internal)?.map_err(|halt| match halt {
                    Halt::Refused(refusal) => refusal,
                    // Nothing is too much there.
                    Halt::MuchNew => Refusal::Internal,
                })?
            }
        };
        let batch = std::mem::take(&mut converted.batch);
        let counts = records(&batch);
        let accepted = self.intake.store().accept(batch).await.map_err(Failure::Store)?;
        if accepted.held_back == 0 {
            self.known.extend(std::mem::take(&mut converted.fresh), converted.generation);
        } else {
            // Which of the new series are kept is not known, so that none is remembered.
            converted.hold_back(&accepted);
        }
        let counts = RecordCounts { samples: counts.samples.saturating_sub(accepted.held_back), ..counts };
        self.intake.counters().count_stored(counts, now);
        self.intake.counters().count_rejected(converted.rejected, Trimmed::default());
        if let Some(name) = &converted.rounded {
            self.intake.counters().remark_rounded(name);
        }
        Ok(converted)
    }
}

enum Failure {
    Refused(Refusal),
    Store(StoreError),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Unpacks Snappy's block format, whose head tells how much comes out. Blocking.
fn unpack(packed: &[u8]) -> Result<Vec<u8>, Refusal> {
    let malformed =
        |error: snap::Error| Refusal::Malformed(format!("the request body is not valid snappy: {error}"));
    let length = snap::raw::decompress_len(packed).map_err(malformed)?;
    if length > MAX_UNPACKED_BYTES {
        return Err(Refusal::TooLarge(format!(
            "the unpacked request has {length} bytes, more than {} MiB, send smaller batches",
            MAX_UNPACKED_BYTES >> 20
        )));
    }
    // The format turns 64 bytes into 3 at best, so more was never packed.
    if length / 32 > packed.len() {
        return Err(Refusal::Malformed("the request body announces more than it can hold".to_owned()));
    }
    snap::raw::Decoder::new().decompress_vec(packed).map_err(malformed)
}

fn answer(written: Written, problem: String) -> Response {
    let mut response = if problem.is_empty() {
        StatusCode::NO_CONTENT.into_response()
    } else {
        // What was refused will be refused again: the sender shall not repeat it.
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

fn refused(refusal: &Refusal) -> Response {
    let status = match refusal {
        // Senders give up what gets a 4xx, and the same request may well succeed on the next try.
        Refusal::TooSlow(_) => StatusCode::SERVICE_UNAVAILABLE,
        other => other.http_status(),
    };
    let mut response = (status, format!("{refusal}\n")).into_response();
    if let Some(seconds) = refusal.retry_after_seconds() {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    set_written(response.headers_mut(), Written::default());
    response
}

async fn unknown_path(uri: Uri) -> Response {
    let words = format!("nothing is at {}: remote write is received at POST {}\n", uri.path(), PATHS[0]);
    (StatusCode::NOT_FOUND, words).into_response()
}

async fn wrong_method(method: Method) -> Response {
    let words = format!("{method} is not possible here: send remote write with POST\n");
    (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "POST")], words).into_response()
}

#[cfg(test)]
mod tests {
    use store::StoreOptions;

    use super::*;

    #[tokio::test]
    async fn a_series_that_the_store_has_forgotten_is_described_again() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), StoreOptions::default()).unwrap();
        let known = Arc::new(Known::new(store.clone()));
        let remote = RemoteWrite { intake: Intake::new(store.clone(), Arc::default()), known };
        let field = |number: u8, content: &[u8]| [&[number << 3 | 2, content.len() as u8], content].concat();
        let label = [field(1, b"__name__"), field(2, b"up")].concat();
        let mut time = vec![0x10];
        let mut millis = now().0.cast_unsigned() / 1_000_000;
        while millis >= 0x80 {
            time.push((millis & 0x7f) as u8 | 0x80);
            millis >>= 7;
        }
        time.push(millis as u8);
        let message = field(1, &[field(1, &label), field(2, &time)].concat());
        let found = convert(&message, Version::First, &remote.known, now(), 1).ok().unwrap();
        assert_eq!((found.batch.samples.len(), found.message()), (1, String::new()));
        // As if it had been stored and taken away since.
        remote.known.extend(found.fresh, found.generation);
        let packed = snap::raw::Encoder::new().compress_vec(&message).unwrap();
        let converted = remote.process(Version::First, Body::from(packed)).await.ok().unwrap();
        assert_eq!(converted.written.samples, 1);
        assert_eq!(store.statistics().await.unwrap().samples, 1);
    }
}
