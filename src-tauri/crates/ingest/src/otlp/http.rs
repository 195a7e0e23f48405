//! The OTLP/HTTP receiver (specification, "OTLP/HTTP"): protobuf and JSON, plain or compressed.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::post,
};
use prost::Message;
use runtime::Clock;
use serde_json::json;
use store::Store;
use tokio_util::sync::CancellationToken;

use super::{
    pipeline::{self, Encoding, Payload, Receipt},
    signal::{Logs, Metrics, Signal, Traces},
};
use crate::{
    counters::IntakeCounters,
    error::IngestError,
    intake::Intake,
    limits::{
        body,
        budget::IntakeBudget,
        compression::{Compression, SUPPORTED},
        cross_origin,
    },
    listener::Listener,
    rejection::Rejection,
};

const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";

/// Receives OTLP over HTTP on `listener` until `stop` is cancelled.
///
/// Fails if other machines reach the listener and it has no protection. Open requests have 5
/// seconds to finish after `stop`. A request is answered with success only after its
/// records are committed.
pub async fn serve_otlp_http(
    listener: impl Into<Listener>,
    store: Store,
    clock: Clock,
    counters: Arc<IntakeCounters>,
    budget: IntakeBudget,
    stop: CancellationToken,
) -> Result<(), IngestError> {
    let intake = Intake::new(store, clock, counters, budget);
    let routes = Router::new()
        .route(Metrics::HTTP_PATH, post(receive::<Metrics>).options(cross_origin::preflight))
        .route(Logs::HTTP_PATH, post(receive::<Logs>).options(cross_origin::preflight))
        .route(Traces::HTTP_PATH, post(receive::<Traces>).options(cross_origin::preflight))
        .fallback(unknown_path)
        .method_not_allowed_fallback(wrong_method)
        .with_state(intake.clone());
    intake.serve(listener.into(), routes, refused, stop).await
}

async fn receive<S: Signal>(State(intake): State<Intake>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let origin = match cross_origin::allowed_origin(&head.headers) {
        Ok(origin) => origin,
        Err(rejection) => return reject_as_text(&intake, &rejection),
    };
    let negotiated = encoding(&head.headers).and_then(|encoding| Ok((encoding, compression(&head.headers)?)));
    let mut response = match negotiated {
        Ok((encoding, compression)) => {
            let read = async { Ok(Payload { body: body::read(body, intake.budget()).await?, compression }) };
            match pipeline::receive::<S>(&intake, encoding, read).await {
                Ok(receipt) => success::<S>(encoding, receipt),
                Err(rejection) => rejected(encoding, &rejection),
            }
        }
        Err(rejection) => reject_as_text(&intake, &rejection),
    };
    if let Some(origin) = origin {
        cross_origin::allow(response.headers_mut(), origin);
    }
    response
}

/// Answers a request that is refused before it is received.
fn refused(headers: &HeaderMap, rejection: &Rejection) -> Response {
    match encoding(headers) {
        Ok(encoding) => rejected(encoding, rejection),
        Err(_) => (rejection.http_status(), format!("{rejection}\n")).into_response(),
    }
}

fn encoding(headers: &HeaderMap) -> Result<Encoding, Rejection> {
    let content_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        PROTOBUF | "application/protobuf" => Ok(Encoding::Protobuf),
        JSON => Ok(Encoding::Json),
        other => Err(Rejection::Unsupported(format!(
            "content type {other:?} is not OTLP over HTTP, send {PROTOBUF} or {JSON}"
        ))),
    }
}

fn compression(headers: &HeaderMap) -> Result<Compression, Rejection> {
    let name = headers.get(header::CONTENT_ENCODING).map_or(Ok(""), |value| value.to_str()).unwrap_or("?");
    Compression::from_name(name).ok_or_else(|| {
        Rejection::Unsupported(format!("content encoding {name:?} is not supported, send {SUPPORTED}"))
    })
}

fn success<S: Signal>(encoding: Encoding, receipt: Receipt) -> Response {
    let partial = receipt.is_partial();
    match encoding {
        Encoding::Protobuf => {
            let rejected = i64::try_from(receipt.rejected).unwrap_or(i64::MAX);
            let message =
                if partial { S::partial_success(rejected, receipt.message) } else { S::Response::default() };
            ([(header::CONTENT_TYPE, PROTOBUF)], message.encode_to_vec()).into_response()
        }
        Encoding::Json => {
            let body = if partial {
                let rejected = receipt.rejected.to_string();
                json!({ "partialSuccess": { (S::REJECTED): rejected, "errorMessage": receipt.message } })
            } else {
                json!({})
            };
            ([(header::CONTENT_TYPE, JSON)], body.to_string()).into_response()
        }
    }
}

/// Returns a rejection as `google.rpc.Status` in the encoding of the request.
fn rejected(encoding: Encoding, rejection: &Rejection) -> Response {
    let code = rejection.grpc_code() as i32;
    let message = rejection.to_string();
    let (content_type, body) = match encoding {
        Encoding::Protobuf => {
            (PROTOBUF, tonic_types::Status { code, message, details: Vec::new() }.encode_to_vec())
        }
        Encoding::Json => (JSON, json!({ "code": code, "message": message }).to_string().into_bytes()),
    };
    let mut response =
        (rejection.http_status(), [(header::CONTENT_TYPE, content_type)], body).into_response();
    if let Some(seconds) = rejection.retry_after_seconds() {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// Counts a rejection and returns it as text, for senders of an unsupported encoding.
fn reject_as_text(intake: &Intake, rejection: &Rejection) -> Response {
    intake.reject(rejection);
    (rejection.http_status(), format!("{rejection}\n")).into_response()
}

async fn unknown_path(uri: Uri) -> Response<Body> {
    let message = format!(
        "no resource at {}: send OTLP over HTTP with POST to {}, {} or {}\n",
        uri.path(),
        Traces::HTTP_PATH,
        Metrics::HTTP_PATH,
        Logs::HTTP_PATH
    );
    (StatusCode::NOT_FOUND, message).into_response()
}

async fn wrong_method(method: Method) -> Response<Body> {
    let message = format!("method {method} is not allowed: send telemetry with POST\n");
    (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "POST, OPTIONS")], message).into_response()
}
