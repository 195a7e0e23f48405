//! Answers of servers that bend HTTP, judged as curl judges them, and bodies that have no end.

use std::{io::Write as _, net::SocketAddr, process::Command};

use checks::{ProbeOutcome, kinds::HttpCheck, probe};
use flate2::write::{GzEncoder, ZlibEncoder};
use model::HealthState;
use runtime::Clock;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_util::task::AbortOnDropHandle;

use crate::{check, http};

/// A server that answers every request with the same bytes.
struct Raw {
    address: SocketAddr,
    _serving: AbortOnDropHandle<()>,
}

impl Raw {
    /// Starts a server. `closes` says whether it ends the connection behind the answer. A request
    /// for `/next` is answered with 200.
    async fn start(answer: impl Into<Vec<u8>>, closes: bool) -> Self {
        let answer = answer.into();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(async move {
            let mut open = Vec::new();
            loop {
                let (mut socket, _) = listener.accept().await.unwrap();
                let mut request = [0; 4096];
                let length = socket.read(&mut request).await.unwrap_or_default();
                let is_next = request[..length].starts_with(b"GET /next");
                let next = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
                // The client may have gone.
                let _ = socket.write_all(if is_next { next } else { &answer }).await;
                if !closes {
                    open.push(socket);
                }
            }
        });
        Self { address, _serving: AbortOnDropHandle::new(serving) }
    }

    async fn probe(&self, body_contains: Option<&str>) -> ProbeOutcome {
        let kind = HttpCheck {
            body_contains: body_contains.map(str::to_owned),
            ..http(format!("http://{}/", self.address))
        };
        probe(&check("odd", kind), None, &Clock::system()).await
    }

    /// Returns whether curl succeeds.
    async fn curl(&self) -> bool {
        let url = format!("http://{}/", self.address);
        let mut command = Command::new("/usr/bin/curl");
        command.args([
            "-sS",
            "-L",
            "--compressed",
            "--noproxy",
            "*",
            "--max-time",
            "10",
            "-o",
            "/dev/null",
            &url,
        ]);
        tokio::task::spawn_blocking(move || command.output().unwrap().status.success()).await.unwrap()
    }
}

fn with_headers(headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    [format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n{headers}\r\n\r\n").as_bytes(), body].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_answers_are_judged_as_curl_judges_them() {
    let many: String = (0..400).map(|number| format!("X-Header-{number}: {number}\r\n")).collect();
    let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&[7; 10_000]).unwrap();
    let gzip = gzip.finish().unwrap();
    let answers: Vec<(&str, Vec<u8>, bool)> = vec![
        (
            "informational answers first",
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n\
              HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
                .to_vec(),
            false,
        ),
        (
            "redirect without a body or a length",
            b"HTTP/1.1 302 Found\r\nLocation: /next\r\n\r\n".to_vec(),
            true,
        ),
        ("redirect without a target", b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n".to_vec(), true),
        ("no length", b"HTTP/1.1 200 OK\r\n\r\nsome text".to_vec(), true),
        ("version 1.0 without headers", b"HTTP/1.0 200 OK\r\n\r\nsome text".to_vec(), true),
        ("no reason", b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n".to_vec(), true),
        ("lines that end with LF", b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok".to_vec(), true),
        ("folded header", with_headers("X-Long: first\r\n second", b"ok"), true),
        ("blank before the colon", with_headers("X-Blank : yes", b"ok"), true),
        ("many headers", with_headers(many.trim_end(), b"ok"), true),
        ("204 with a body", b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok".to_vec(), true),
        ("304", b"HTTP/1.1 304 Not Modified\r\n\r\n".to_vec(), true),
        ("bytes behind the body", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more".to_vec(), true),
        (
            "chunks",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nok\r\n0\r\n\r\n".to_vec(),
            true,
        ),
        ("body shorter than its length", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok".to_vec(), true),
        (
            "no chunk size",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nok\r\n0\r\n\r\n".to_vec(),
            true,
        ),
        (
            "chunks that break off",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nok".to_vec(),
            true,
        ),
        ("damaged gzip", with_headers("Content-Encoding: gzip", b"no gzip at all"), true),
        ("gzip that breaks off", with_headers("Content-Encoding: gzip", &gzip[..gzip.len() / 2]), true),
        ("nothing", Vec::new(), true),
        ("another protocol", b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(), true),
    ];
    let (mut healthy, mut unhealthy) = (0, 0);
    for (name, answer, closes) in answers {
        let server = Raw::start(answer, closes).await;
        let (outcome, curl) = (server.probe(None).await, server.curl().await);
        assert_eq!(outcome.state == HealthState::Healthy, curl, "{name}: {outcome:?}");
        *(if curl { &mut healthy } else { &mut unhealthy }) += 1;
    }
    assert_eq!((healthy, unhealthy), (15, 6));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_usual_compression_is_read() {
    let text = "the shop is open".repeat(50);
    let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(text.as_bytes()).unwrap();
    let mut deflate = ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    deflate.write_all(text.as_bytes()).unwrap();
    let mut brotli = Vec::new();
    brotli::BrotliCompress(&mut text.as_bytes(), &mut brotli, &Default::default()).unwrap();
    for (name, body) in [
        ("gzip", gzip.finish().unwrap()),
        ("deflate", deflate.finish().unwrap()),
        ("br", brotli),
        ("zstd", zstd::encode_all(text.as_bytes(), 3).unwrap()),
    ] {
        let server = Raw::start(with_headers(&format!("Content-Encoding: {name}"), &body), true).await;
        let outcome = server.probe(Some("is openthe shop")).await;
        assert_eq!(outcome.state, HealthState::Healthy, "{name}: {outcome:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_without_an_end_is_healthy_once_what_is_expected_was_seen() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n";
    let events = Raw::start(format!("{chunked}Content-Type: text/event-stream\r\n\r\n"), false).await;
    let progress = Raw::start(format!("{chunked}\r\nb\r\nstep: ready\r\n"), false).await;
    assert_eq!(events.probe(None).await.state, HealthState::Healthy);
    assert_eq!(progress.probe(None).await.state, HealthState::Healthy);
    assert_eq!(progress.probe(Some("ready")).await.state, HealthState::Healthy);
    let missing = progress.probe(Some("done")).await;
    assert_eq!(missing.state, HealthState::Unhealthy);
    assert!(missing.message.starts_with("no complete answer from"), "{}", missing.message);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_is_found_in_the_charset_of_the_answer() {
    let (latin, _, _) = encoding_rs::WINDOWS_1252.encode("geöffnet");
    let server = Raw::start(with_headers("Content-Type: text/html; charset=ISO-8859-15", &latin), true).await;
    assert_eq!(server.probe(Some("geöffnet")).await.state, HealthState::Healthy);
    let (korean, _, _) = encoding_rs::EUC_KR.encode("<meta charset=euc-kr><p>정상");
    let server = Raw::start(with_headers("Content-Type: text/html", &korean), true).await;
    assert_eq!(server.probe(Some("정상")).await.state, HealthState::Healthy);
    let server = Raw::start(with_headers("Content-Type: text/plain", &latin), true).await;
    assert_eq!(server.probe(Some("geöffnet")).await.state, HealthState::Unhealthy, "UTF-8 without a charset");
}
