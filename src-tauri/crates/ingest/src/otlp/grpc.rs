//! The OTLP/gRPC receiver (specification, "OTLP/gRPC").
//!
//! This module unframes messages itself instead of using tonic's services, so that every malformed
//! body gets the code that OTLP requires.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::post,
};
use runtime::Clock;
use store::Store;
use tokio_util::sync::CancellationToken;
use tonic::{
    Status,
    codec::{EncodeBody, SingleMessageCompressionOverride},
};
use tonic_prost::ProstEncoder;

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
        buffer::Buffer,
        compression::{Compression, SUPPORTED},
        cross_origin,
    },
    listener::Listener,
    rejection::Rejection,
};

const CONTENT_TYPE: &str = "application/grpc";
/// Size of the frame header: a byte for compression and four for the length.
const FRAME_HEADER_BYTES: usize = 5;

/// Receives OTLP over gRPC on `listener` until `stop` is cancelled.
///
/// Fails if other machines reach the listener and it has no protection. Open requests have 5
/// seconds to finish after `stop`. A request is answered with success only after its
/// records are committed.
pub async fn serve_otlp_grpc(
    listener: impl Into<Listener>,
    store: Store,
    clock: Clock,
    counters: Arc<IntakeCounters>,
    budget: IntakeBudget,
    stop: CancellationToken,
) -> Result<(), IngestError> {
    let intake = Intake::new(store, clock, counters, budget);
    let routes = Router::new()
        .route(Metrics::GRPC_PATH, post(receive::<Metrics>))
        .route(Logs::GRPC_PATH, post(receive::<Logs>))
        .route(Traces::GRPC_PATH, post(receive::<Traces>))
        .fallback(unknown_method)
        .with_state(intake.clone());
    intake.serve(listener.into(), routes, refused, stop).await
}

async fn receive<S: Signal>(State(intake): State<Intake>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    if !is_grpc(&head.headers) {
        return wrong_protocol();
    }
    let allowed = cross_origin::allowed_origin(&head.headers);
    let declared = match allowed.and_then(|_| compression(&head.headers)) {
        Ok(compression) => compression,
        Err(rejection) => {
            intake.reject(&rejection);
            return status_response(&rejection.grpc_status());
        }
    };
    let read = async {
        let frame = body::read(body, intake.budget()).await?;
        unframe(frame, declared)
    };
    match pipeline::receive::<S>(&intake, Encoding::Protobuf, read).await {
        Ok(receipt) => success::<S>(receipt),
        Err(rejection) => status_response(&rejection.grpc_status()),
    }
}

/// Answers a request that is refused before it is received.
fn refused(headers: &HeaderMap, rejection: &Rejection) -> Response {
    if is_grpc(headers) {
        return status_response(&rejection.grpc_status());
    }
    (rejection.http_status(), format!("{rejection}\n")).into_response()
}

fn is_grpc(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    content_type == CONTENT_TYPE.as_bytes() || content_type.starts_with(b"application/grpc+proto")
}

fn compression(headers: &HeaderMap) -> Result<Compression, Rejection> {
    let name = headers.get("grpc-encoding").map(HeaderValue::as_bytes).unwrap_or_default();
    let name = String::from_utf8_lossy(name);
    Compression::from_name(&name).ok_or_else(|| {
        Rejection::Unsupported(format!("grpc-encoding {name:?} is not supported, send {SUPPORTED}"))
    })
}

/// Takes the one message out of its frame (gRPC over HTTP/2, "Length-Prefixed-Message").
fn unframe(mut frame: Buffer, declared: Compression) -> Result<Payload, Rejection> {
    let malformed = |reason: &str| Rejection::Malformed(format!("invalid gRPC message: {reason}"));
    let Some((header, message)) = frame.bytes.split_first_chunk::<FRAME_HEADER_BYTES>() else {
        return Err(malformed("shorter than its header"));
    };
    let [flag, length @ ..] = *header;
    if usize::try_from(u32::from_be_bytes(length)).ok() != Some(message.len()) {
        return Err(malformed("its length differs from the one in its header"));
    }
    let compression = match flag {
        0 => Compression::Identity,
        1 if declared != Compression::Identity => declared,
        1 => return Err(malformed("marked as compressed without grpc-encoding")),
        _ => return Err(malformed("unknown flags")),
    };
    frame.bytes.drain(..FRAME_HEADER_BYTES);
    Ok(Payload { body: frame, compression })
}

fn success<S: Signal>(receipt: Receipt) -> Response {
    let message = if receipt.is_partial() {
        S::partial_success(i64::try_from(receipt.rejected).unwrap_or(i64::MAX), receipt.message)
    } else {
        S::Response::default()
    };
    let body = EncodeBody::new_server(
        ProstEncoder::<S::Response>::default(),
        tokio_stream::once(Ok(message)),
        None,
        SingleMessageCompressionOverride::default(),
        None,
    );
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], Body::new(body)).into_response()
}

fn status_response(status: &Status) -> Response {
    let mut response = status.clone().into_http::<Body>();
    response
        .headers_mut()
        .insert("grpc-accept-encoding", HeaderValue::from_static("gzip,deflate,zstd,identity"));
    response
}

fn wrong_protocol() -> Response {
    let message = "this port receives OTLP over gRPC: send OTLP over HTTP to the port for it, usually 4318\n";
    (StatusCode::UNSUPPORTED_MEDIA_TYPE, message).into_response()
}

async fn unknown_method(uri: Uri, headers: HeaderMap) -> Response {
    if !is_grpc(&headers) {
        return wrong_protocol();
    }
    status_response(&Status::unimplemented(format!(
        "{} is not implemented: this port receives OTLP's metrics, logs and trace services",
        uri.path()
    )))
}
