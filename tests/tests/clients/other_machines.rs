//! Clients of other projects deliver to receivers that other machines reach: over TLS and with the
//! token.

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

use model::{ListenerAccess, SamplesRequest, SeriesPoints, TimeRange};
use runtime::Clock;
use serde_json::Value;
use test_support::{
    certificates::Authority,
    clients::{Language, client},
    engine_process::EngineProcess,
    prometheus_server::Prometheus,
    wait::wait_until,
};

const TOKEN: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";

/// An engine whose receivers listen on all addresses.
struct Reachable {
    engine: EngineProcess,
    authority: Authority,
    token: PathBuf,
}

impl Reachable {
    async fn start() -> Self {
        let authority = Authority::new().unwrap();
        let signed = authority.sign("server", "IP:127.0.0.1", 30).unwrap();
        let token = authority.folder().join("token");
        fs::write(&token, format!("{TOKEN}\n")).unwrap();
        for secret in [&signed.key, &token] {
            fs::set_permissions(secret, fs::Permissions::from_mode(0o600)).unwrap();
        }
        let settings = format!(
            "[listen]\notlp_grpc = \"0.0.0.0:0\"\notlp_http = \"0.0.0.0:0\"\nremote_write = \"0.0.0.0:0\"\n\
             statsd = \"\"\nweb = \"127.0.0.1:0\"\ntls_cert_file = {:?}\ntls_key_file = {:?}\n\
             token_file = {token:?}\n[alerts]\ndesktop_notifications = false\n",
            signed.certificate, signed.key,
        );
        let mut engine = EngineProcess::prepare(&settings).unwrap();
        engine.start_again().await.unwrap();
        for listener in engine.status().await.unwrap().listeners {
            let is_console = listener.protocol == "web";
            let access = if is_console { ListenerAccess::Local } else { ListenerAccess::Protected };
            assert_eq!(listener.access, access, "{}", listener.protocol);
            assert_eq!(listener.address.starts_with("0.0.0.0:"), !is_console, "{}", listener.address);
        }
        Self { engine, authority, token }
    }

    async fn endpoint(&self, protocol: &str, scheme: &str) -> String {
        format!("{scheme}://127.0.0.1:{}", self.engine.listener(protocol).await.unwrap().port())
    }

    /// Sends a span with the Python SDK and returns its outcome with its log.
    async fn send(&self, protocol: &'static str, scheme: &str, token: &str) -> (String, String) {
        let listener = if protocol == "grpc" { "otlp_grpc" } else { "otlp_http" };
        let endpoint = self.endpoint(listener, scheme).await;
        let certificate = self.authority.certificate();
        let headers = format!("authorization=Bearer%20{token}");
        let running = tokio::task::spawn_blocking(move || {
            let mut command = client(Language::Python, "protected.py").unwrap();
            command.arg(protocol);
            command.env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint).env("OTEL_EXPORTER_OTLP_TIMEOUT", "3");
            command.env("OTEL_EXPORTER_OTLP_CERTIFICATE", certificate);
            // They would take precedence over the authority of the test.
            command.env_remove("REQUESTS_CA_BUNDLE").env_remove("CURL_CA_BUNDLE");
            if !headers.ends_with("%20") {
                command.env("OTEL_EXPORTER_OTLP_HEADERS", headers);
            }
            command.output().unwrap()
        });
        let output = running.await.unwrap();
        let read: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
        (read["outcomes"][0].as_str().unwrap().to_owned(), read["log"].as_str().unwrap().to_owned())
    }

    async fn samples(&self, metric: &str) -> Vec<SeriesPoints> {
        let now = Clock::system().now();
        let range = TimeRange::new(now.offset(-3_600_000_000_000), now.offset(60_000_000_000));
        let request = SamplesRequest { metric: metric.to_owned(), matchers: vec![], range, limit: 1_000 };
        self.engine.call("samples", serde_json::to_value(request).unwrap()).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_sdk_on_another_machine_needs_tls_and_the_token() {
    let reachable = Reachable::start().await;
    for (protocol, refused) in [("grpc", "UNAUTHENTICATED"), ("protobuf", "401")] {
        let (outcome, log) = reachable.send(protocol, "https", TOKEN).await;
        assert_eq!(outcome, "SUCCESS", "{log}");
        for wrong in ["0f1e2d3c4b5a69788796a5b4c3d2e1f1", ""] {
            let (outcome, log) = reachable.send(protocol, "https", wrong).await;
            assert_eq!(outcome, "FAILURE", "{protocol} with the token {wrong:?}");
            assert!(log.contains(refused), "{log}");
        }
        let (outcome, log) = reachable.send(protocol, "http", TOKEN).await;
        assert_eq!(outcome, "FAILURE", "{protocol} without TLS: {log}");
    }
    let status = reachable.engine.status().await.unwrap();
    assert_eq!(status.committed.spans, 2, "one over each protocol");
    let listener = |name: &str| status.listeners.iter().find(|found| found.protocol == name).unwrap();
    for name in ["otlp_grpc", "otlp_http"] {
        assert!(listener(name).rejected_requests >= 3, "{:?}", listener(name));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_prometheus_on_another_machine_needs_tls_and_the_token() {
    let reachable = Reachable::start().await;
    let url = format!("{}/api/v1/write", reachable.endpoint("remote_write", "https").await);
    let authority = reachable.authority.certificate();
    let wrong = reachable.authority.folder().join("wrong");
    fs::write(&wrong, "another token with enough characters").unwrap();
    let unauthorized = Prometheus::start_protected(&url, &authority, &wrong).unwrap();
    wait_until("Prometheus is refused", async || Ok(unauthorized.log().contains("401"))).await.unwrap();
    assert!(reachable.samples("up").await.is_empty());
    drop(unauthorized);

    let plain = Prometheus::start(&url.replace("https", "http")).unwrap();
    wait_until("Prometheus without TLS fails", async || Ok(plain.log().contains("Failed to send batch")))
        .await
        .unwrap();
    assert!(reachable.samples("up").await.is_empty());
    drop(plain);

    let prometheus = Prometheus::start_protected(&url, &authority, &reachable.token).unwrap();
    let delivered =
        wait_until("samples arrive", async || Ok(!reachable.samples("up").await.is_empty())).await;
    delivered.unwrap_or_else(|error| panic!("{error}: {}", prometheus.log()));
}
