//! Sends telemetry to an OTLP/gRPC receiver.

use std::{future, time::Duration};

use opentelemetry_proto::tonic::collector::{
    logs::v1::logs_service_client::LogsServiceClient,
    metrics::v1::metrics_service_client::MetricsServiceClient,
    trace::v1::trace_service_client::TraceServiceClient,
};
use runtime::{Backoff, Clock, RetryAfter, RetryPolicy, retry_while_busy};
use tonic::{
    Code, Response, Status,
    transport::{Channel, Endpoint},
};

use crate::{DemoError, output::Telemetry};

const FIRST_PAUSE: Duration = Duration::from_millis(200);
const MAX_PAUSE: Duration = Duration::from_secs(5);
/// Attempts to reach a receiver that never answered, over some fifteen seconds.
const FIRST_ATTEMPTS: u32 = 8;
const REQUEST_DEADLINE: Duration = Duration::from_secs(30);

/// A connection to a receiver.
pub(crate) struct Sender {
    endpoint: String,
    channel: Channel,
    clock: Clock,
    accepted: bool,
}

impl Sender {
    pub(crate) fn new(endpoint: &str, clock: Clock) -> Result<Self, DemoError> {
        let channel = Endpoint::from_shared(endpoint.to_owned())
            .map_err(|error| DemoError::Endpoint {
                endpoint: endpoint.to_owned(),
                reason: error.to_string(),
            })?
            .connect_timeout(MAX_PAUSE)
            .timeout(REQUEST_DEADLINE)
            .connect_lazy();
        Ok(Self { endpoint: endpoint.to_owned(), channel, clock, accepted: false })
    }

    /// Sends everything; done once the receiver has acknowledged it.
    pub(crate) async fn send(&mut self, telemetry: Telemetry) -> Result<(), DemoError> {
        let Telemetry { traces, logs, metrics } = telemetry;
        if !traces.resource_spans.is_empty() {
            let client = TraceServiceClient::new(self.channel.clone());
            self.deliver(|| {
                let (mut client, traces) = (client.clone(), traces.clone());
                async move { client.export(traces).await }
            })
            .await?;
        }
        if !logs.resource_logs.is_empty() {
            let client = LogsServiceClient::new(self.channel.clone());
            self.deliver(|| {
                let (mut client, logs) = (client.clone(), logs.clone());
                async move { client.export(logs).await }
            })
            .await?;
        }
        if !metrics.resource_metrics.is_empty() {
            let client = MetricsServiceClient::new(self.channel.clone());
            self.deliver(|| {
                let (mut client, metrics) = (client.clone(), metrics.clone());
                async move { client.export(metrics).await }
            })
            .await?;
        }
        Ok(())
    }

    /// Tries until it is taken, with longer and longer pauses where OTLP asks to try again.
    async fn deliver<R, F: Future<Output = Result<Response<R>, Status>>>(
        &mut self,
        attempt: impl Fn() -> F,
    ) -> Result<(), DemoError> {
        let policy =
            if self.accepted { RetryPolicy::unlimited() } else { RetryPolicy::attempts(FIRST_ATTEMPTS) };
        let policy = policy.with_backoff(Backoff::new(FIRST_PAUSE, MAX_PAUSE));
        let attempt = &attempt;
        let sent = retry_while_busy(&self.clock, policy, future::pending(), || async move {
            attempt().await.map_err(Refused)
        });
        match sent.await {
            Ok(_) => {
                self.accepted = true;
                Ok(())
            }
            Err(Refused(status)) => {
                let reason = status.message().to_owned();
                Err(DemoError::Refused { endpoint: self.endpoint.clone(), reason })
            }
        }
    }
}

/// A request that the receiver did not accept.
struct Refused(Status);

impl RetryAfter for Refused {
    fn retry_after(&self) -> Option<Duration> {
        may_retry(self.0.code()).then_some(Duration::ZERO)
    }
}

/// The codes after which OTLP lets a sender come again (specification, "Failures").
fn may_retry(code: Code) -> bool {
    matches!(
        code,
        Code::Cancelled
            | Code::DeadlineExceeded
            | Code::Aborted
            | Code::OutOfRange
            | Code::Unavailable
            | Code::DataLoss
    )
}
