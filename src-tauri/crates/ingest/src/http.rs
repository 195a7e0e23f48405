//! OTLP over HTTP (specification, "OTLP/HTTP"): protobuf and JSON, plain or packed with gzip.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::post,
    serve::ListenerExt,
};
use prost::Message;
use serde_json::json;
use store::Store;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    IngestError, body,
    counters::IntakeCounters,
    cross_origin,
    intake::{Format, Intake, Receipt},
    refusal::Refusal,
    signal::{Logs, Metrics, Signal, Traces},
};

const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";

/// Receives OTLP over HTTP on `listener` until `stop` is cancelled, then lets requests that are under way finish
/// for up to 5 seconds. A request is answered with success only after its records are committed.
pub async fn serve_otlp_http(
    listener: TcpListener,
    store: Store,
    counters: Arc<IntakeCounters>,
    stop: CancellationToken,
) -> Result<(), IngestError> {
    let intake = Intake::new(store, counters);
    let routes = Router::new()
        .route(Metrics::HTTP_PATH, post(receive::<Metrics>).options(cross_origin::preflight))
        .route(Logs::HTTP_PATH, post(receive::<Logs>).options(cross_origin::preflight))
        .route(Traces::HTTP_PATH, post(receive::<Traces>).options(cross_origin::preflight))
        .fallback(unknown_path)
        .method_not_allowed_fallback(wrong_method)
        .with_state(intake.clone());
    // Fails only where the option is not supported, and then the connection works without it.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    let server = axum::serve(listener, routes).with_graceful_shutdown(stop.clone().cancelled_owned());
    intake.serve_until(stop, async { server.await.map_err(IngestError::Listener) }).await
}

async fn receive<S: Signal>(State(intake): State<Intake>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let origin = match cross_origin::allowed_origin(&head.headers) {
        Ok(origin) => origin,
        Err(refusal) => return refuse_in_words(&intake, &refusal),
    };
    let mut response = match format(&head.headers).and_then(|format| Ok((format, is_packed(&head.headers)?)))
    {
        Ok((format, packed)) => {
            let read = async { Ok((body::read(body).await?, packed)) };
            match intake.receive::<S>(format, read).await {
                Ok(receipt) => success::<S>(format, receipt),
                Err(refusal) => refused(format, &refusal),
            }
        }
        Err(refusal) => refuse_in_words(&intake, &refusal),
    };
    if let Some(origin) = origin {
        cross_origin::allow(response.headers_mut(), origin);
    }
    response
}

fn format(headers: &HeaderMap) -> Result<Format, Refusal> {
    let content_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        PROTOBUF | "application/protobuf" => Ok(Format::Protobuf),
        JSON => Ok(Format::Json),
        other => Err(Refusal::Unsupported(format!(
            "content type {other:?} is not OTLP over HTTP, send {PROTOBUF} or {JSON}"
        ))),
    }
}

fn is_packed(headers: &HeaderMap) -> Result<bool, Refusal> {
    let encoding =
        headers.get(header::CONTENT_ENCODING).map_or(Ok(""), |value| value.to_str()).unwrap_or("?");
    match encoding.trim().to_ascii_lowercase().as_str() {
        "" | "identity" => Ok(false),
        "gzip" | "x-gzip" => Ok(true),
        other => {
            Err(Refusal::Unsupported(format!("content encoding {other:?} is not known, send gzip or none")))
        }
    }
}

fn success<S: Signal>(format: Format, receipt: Receipt) -> Response {
    let partial = receipt.rejected > 0 || !receipt.message.is_empty();
    match format {
        Format::Protobuf => {
            let rejected = i64::try_from(receipt.rejected).unwrap_or(i64::MAX);
            let message =
                if partial { S::partial_success(rejected, receipt.message) } else { S::Response::default() };
            ([(header::CONTENT_TYPE, PROTOBUF)], message.encode_to_vec()).into_response()
        }
        Format::Json => {
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

/// A refusal as `google.rpc.Status` in the encoding of the request.
fn refused(format: Format, refusal: &Refusal) -> Response {
    let code = refusal.grpc_code() as i32;
    let message = refusal.to_string();
    let (content_type, body) = match format {
        Format::Protobuf => {
            (PROTOBUF, tonic_types::Status { code, message, details: Vec::new() }.encode_to_vec())
        }
        Format::Json => (JSON, json!({ "code": code, "message": message }).to_string().into_bytes()),
    };
    let mut response = (refusal.http_status(), [(header::CONTENT_TYPE, content_type)], body).into_response();
    if let Some(seconds) = refusal.retry_after_seconds() {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// A refusal in plain words, where the sender does not speak one of our encodings.
fn refuse_in_words(intake: &Intake, refusal: &Refusal) -> Response {
    intake.refuse(refusal);
    (refusal.http_status(), format!("{refusal}\n")).into_response()
}

async fn unknown_path(uri: Uri) -> Response<Body> {
    let words = format!(
        "nothing is at {}: OTLP over HTTP is received at POST {}, {} and {}\n",
        uri.path(),
        Traces::HTTP_PATH,
        Metrics::HTTP_PATH,
        Logs::HTTP_PATH
    );
    (StatusCode::NOT_FOUND, words).into_response()
}

async fn wrong_method(method: Method) -> Response<Body> {
    let words = format!("{method} is not possible here: send telemetry with POST\n");
    (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "POST, OPTIONS")], words).into_response()
}
