//! OTLP over gRPC (specification, "OTLP/gRPC"). Messages are unframed here rather than by tonic's services, so
//! that every malformed body gets the code that OTLP asks for.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::post,
};
use store::Store;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::{
    Status,
    codec::{EncodeBody, SingleMessageCompressionOverride},
    service::Routes,
    transport::{Server, server::TcpIncoming},
};
use tonic_prost::ProstEncoder;

use crate::{
    IngestError, body,
    counters::IntakeCounters,
    cross_origin,
    intake::{Format, Intake, Receipt},
    refusal::Refusal,
    signal::{Logs, Metrics, Signal, Traces},
};

const CONTENT_TYPE: &str = "application/grpc";
/// One byte that tells whether the message is packed, and four with its length.
const FRAME_HEADER_BYTES: usize = 5;
/// Ends connections whose other end is gone.
const KEEPALIVE: std::time::Duration = std::time::Duration::from_secs(60);

/// Receives OTLP over gRPC on `listener` until `stop` is cancelled, then lets requests that are under way finish
/// for up to 5 seconds. A request is answered with success only after its records are committed.
pub async fn serve_otlp_grpc(
    listener: TcpListener,
    store: Store,
    counters: Arc<IntakeCounters>,
    stop: CancellationToken,
) -> Result<(), IngestError> {
    let intake = Intake::new(store, counters);
    let routes = Router::new()
        .route(Metrics::GRPC_PATH, post(receive::<Metrics>))
        .route(Logs::GRPC_PATH, post(receive::<Logs>))
        .route(Traces::GRPC_PATH, post(receive::<Traces>))
        .fallback(unknown_method)
        .with_state(intake.clone());
    let server = Server::builder()
        // Only to tell senders of OTLP over HTTP in words that they have the wrong port.
        .accept_http1(true)
        .http2_keepalive_interval(Some(KEEPALIVE))
        .add_routes(Routes::from(routes))
        .serve_with_incoming_shutdown(
            TcpIncoming::from(listener).with_nodelay(Some(true)),
            stop.clone().cancelled_owned(),
        );
    intake.serve_until(stop, async { server.await.map_err(IngestError::Grpc) }).await
}

async fn receive<S: Signal>(State(intake): State<Intake>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    if !speaks_grpc(&head.headers) {
        return wrong_protocol();
    }
    let packed = match cross_origin::allowed_origin(&head.headers).and_then(|_| is_packed(&head.headers)) {
        Ok(packed) => packed,
        Err(refusal) => {
            intake.refuse(&refusal);
            return answer_status(&refusal.grpc_status());
        }
    };
    let read = async {
        let frame = body::read(body).await?;
        unframe(frame, packed)
    };
    match intake.receive::<S>(Format::Protobuf, read).await {
        Ok(receipt) => success::<S>(receipt),
        Err(refusal) => answer_status(&refusal.grpc_status()),
    }
}

fn speaks_grpc(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    content_type == CONTENT_TYPE.as_bytes() || content_type.starts_with(b"application/grpc+proto")
}

fn is_packed(headers: &HeaderMap) -> Result<bool, Refusal> {
    match headers.get("grpc-encoding").map(HeaderValue::as_bytes) {
        None | Some(b"identity" | b"") => Ok(false),
        Some(b"gzip") => Ok(true),
        Some(other) => Err(Refusal::Unsupported(format!(
            "grpc-encoding {:?} is not known, send gzip or none",
            String::from_utf8_lossy(other)
        ))),
    }
}

/// Takes the one message out of its frame (gRPC over HTTP/2, "Length-Prefixed-Message"); also tells whether it
/// is packed.
fn unframe(mut frame: Vec<u8>, may_be_packed: bool) -> Result<(Vec<u8>, bool), Refusal> {
    let malformed = |what: &str| Refusal::Malformed(format!("invalid gRPC message: {what}"));
    let Some((header, message)) = frame.split_first_chunk::<FRAME_HEADER_BYTES>() else {
        return Err(malformed("shorter than its header"));
    };
    let [flag, length @ ..] = *header;
    if usize::try_from(u32::from_be_bytes(length)).ok() != Some(message.len()) {
        return Err(malformed("its length is not what its header says"));
    }
    let packed = match flag {
        0 => false,
        1 if may_be_packed => true,
        1 => return Err(malformed("marked as packed without grpc-encoding")),
        _ => return Err(malformed("unknown flags")),
    };
    frame.drain(..FRAME_HEADER_BYTES);
    Ok((frame, packed))
}

fn success<S: Signal>(receipt: Receipt) -> Response {
    let message = if receipt.rejected > 0 || !receipt.message.is_empty() {
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

fn answer_status(status: &Status) -> Response {
    let mut response = status.clone().into_http::<Body>();
    response.headers_mut().insert("grpc-accept-encoding", HeaderValue::from_static("gzip,identity"));
    response
}

fn wrong_protocol() -> Response {
    let words = "this port receives OTLP over gRPC: send OTLP over HTTP to the port for it, usually 4318\n";
    (StatusCode::UNSUPPORTED_MEDIA_TYPE, words).into_response()
}

async fn unknown_method(uri: Uri, headers: HeaderMap) -> Response {
    if !speaks_grpc(&headers) {
        return wrong_protocol();
    }
    answer_status(&Status::unimplemented(format!(
        "{} is not known: OTLP's metrics, logs and trace services are received here",
        uri.path()
    )))
}
