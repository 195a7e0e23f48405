//! The HTTP server of the receivers, with bounded connections, streams and waiting times.

use std::{io::ErrorKind, pin::pin, sync::Arc, time::Duration};

use axum::Router;
use hyper::{Request, body::Incoming, service::Service};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use runtime::Clock;
use tls::ServerStream;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use super::{
    budget::IntakeBudget,
    open_connections::{OpenConnection, OpenConnections},
    running_requests::Requests,
};
use crate::{counters::IntakeCounters, listener::Protection};

/// Time that the handshake of TLS has.
const HANDSHAKE_DEADLINE: Duration = Duration::from_secs(10);
/// Time until the first request of a connection has its headers.
const FIRST_REQUEST_DEADLINE: Duration = Duration::from_secs(10);
/// Time between two checks of a connection. It is closed if it had no request since the one before.
///
/// Longer than the usual intervals of senders, which would have to connect again each time.
const IDLE_CHECK: Duration = Duration::from_secs(300);
/// Time that the headers of a further request have, from the end of the one before.
const HEADER_DEADLINE: Duration = Duration::from_secs(600);
/// Time that an idle connection has to end in good order.
const CLOSE_DEADLINE: Duration = Duration::from_secs(5);
/// Concurrent requests of one HTTP/2 connection.
const MAX_STREAMS: u32 = 64;
/// Maximum size of the headers of a request. Over HTTP/1 it is also that of the read buffer.
const MAX_HEADER_BYTES: usize = 16 << 10;
/// Interval of pings, which end connections whose other end is gone.
const KEEPALIVE: Duration = Duration::from_secs(60);
/// Pause after a connection could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves `routes` on `listener` until `stop`, then until open requests are answered. With a
/// `protection` clients speak TLS.
pub(crate) async fn serve(
    listener: TcpListener,
    protection: Option<Protection>,
    routes: Router,
    counters: Arc<IntakeCounters>,
    budget: IntakeBudget,
    clock: Clock,
    stop: CancellationToken,
) {
    let open = OpenConnections::new(budget);
    // Dropping the set ends the connections.
    let mut tasks = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, _)) => {
                // Fails only where the option is not supported; the connection works without it.
                let _ = stream.set_nodelay(true);
                let connection = match open.admit() {
                    Ok(connection) => connection,
                    Err(rejection) => {
                        counters.count_rejection(&rejection);
                        continue;
                    }
                };
                let (routes, clock, stop) = (routes.clone(), clock.clone(), stop.clone());
                let (protection, counters) = (protection.clone(), Arc::clone(&counters));
                tasks.spawn(async move {
                    let Some(protection) = protection else {
                        return run(stream, connection, routes, clock, stop).await;
                    };
                    let encrypted =
                        handshake(stream, &protection, &connection, &counters, &clock, &stop).await;
                    if let Some(stream) = encrypted {
                        run(stream, connection, routes, clock, stop).await;
                    }
                });
            }
            Err(error) => {
                tracing::debug!(%error, "could not accept a connection, trying again");
                // Its descriptor serves the next one.
                open.close_oldest_idle();
                clock.sleep(ACCEPT_PAUSE).await;
            }
        }
        while tasks.try_join_next().is_some() {}
    }
    drop(listener);
    while tasks.join_next().await.is_some() {}
}

/// Performs the handshake of a connection. Returns none if it fails, takes too long or the
/// connection has to make place.
async fn handshake(
    stream: TcpStream,
    protection: &Protection,
    connection: &OpenConnection,
    counters: &IntakeCounters,
    clock: &Clock,
    stop: &CancellationToken,
) -> Option<ServerStream> {
    let accepted = tokio::select! {
        accepted = protection.accept(stream) => accepted,
        () = clock.sleep(HANDSHAKE_DEADLINE) => return None,
        () = connection.closed() => return None,
        () = stop.cancelled() => return None,
    };
    match accepted {
        Ok(stream) => Some(stream),
        Err(error) => {
            tracing::debug!(%error, "connection without a valid TLS handshake");
            // A port scan that sends nothing is no request.
            if error.kind() == ErrorKind::InvalidData {
                counters.count_rejected_request();
            }
            None
        }
    }
}

/// Serves one connection until it ends, is idle for too long or has to make place for another.
async fn run(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    connection: OpenConnection,
    routes: Router,
    clock: Clock,
    stop: CancellationToken,
) {
    let requests = connection.requests();
    let service = Counted { routes: TowerToHyperService::new(routes), requests: Arc::clone(&requests) };
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_DEADLINE)
        .max_buf_size(MAX_HEADER_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEADER_BYTES as u32)
        .keep_alive_interval(Some(KEEPALIVE));
    let mut serving = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let mut check = pin!(clock.sleep(FIRST_REQUEST_DEADLINE));
    let (mut seen, mut is_stopping) = (0, false);
    loop {
        tokio::select! {
            ended = serving.as_mut() => {
                if let Err(error) = ended {
                    tracing::trace!(%error, "connection ended");
                }
                return;
            }
            () = stop.cancelled(), if !is_stopping => {
                serving.as_mut().graceful_shutdown();
                is_stopping = true;
            }
            () = connection.closed() => return,
            () = check.as_mut() => {
                let begun = requests.begun();
                let is_idle = begun == seen && !requests.are_running();
                if is_idle && (begun == 0 || is_stopping) {
                    return;
                }
                if is_idle {
                    serving.as_mut().graceful_shutdown();
                    is_stopping = true;
                }
                seen = begun;
                let wait = if is_idle { CLOSE_DEADLINE } else { IDLE_CHECK };
                check.set(clock.sleep(wait));
            }
        }
    }
}

/// The routes, with a count of their requests.
#[derive(Clone)]
struct Counted {
    routes: TowerToHyperService<Router>,
    requests: Arc<Requests>,
}

impl Service<Request<Incoming>> for Counted {
    type Response = axum::response::Response;
    type Error = std::convert::Infallible;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let (running, answer) = (self.requests.begin(), self.routes.call(request));
        Box::pin(async move {
            let _running = running;
            answer.await
        })
    }
}
