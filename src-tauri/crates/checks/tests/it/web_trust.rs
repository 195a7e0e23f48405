//! Web addresses over TLS: the whole chain, an authority or a self-signed certificate by choice,
//! client certificates, and failures in words, against nginx and openssl.

use std::{
    fs,
    process::{Command, Stdio},
};

use checks::{ProbeOutcome, kinds::HttpCheck, probe};
use model::HealthState;
use runtime::Clock;
use test_support::{
    certificates::{Authority, Certificate},
    nginx::Nginx,
    servers::free_port,
    wait::wait_until,
};

use crate::check;

const HERE: &str = "DNS:localhost,IP:127.0.0.1";

fn settings(authority: &Authority) -> HttpCheck {
    HttpCheck { ca_file: Some(authority.certificate().display().to_string()), ..HttpCheck::default() }
}

async fn attempt(port: u16, settings: HttpCheck) -> ProbeOutcome {
    let kind = HttpCheck { url: format!("https://127.0.0.1:{port}/"), ..settings };
    probe(&check("web", kind), None, &Clock::system()).await
}

fn nginx(certificate: &Certificate) -> Nginx {
    Nginx::start(certificate, "over TLS").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_days_of_the_whole_chain_count() {
    let authority = Authority::new().unwrap();
    let short = authority.intermediate("short", 6).unwrap().sign("own", HERE, 80).unwrap();
    let check = HttpCheck { certificate_days: Some(14), ..settings(&authority) };
    let outcome = attempt(nginx(&short).port(), check.clone()).await;
    assert_eq!(outcome.state, HealthState::Degraded, "{outcome:?}");
    assert_eq!(outcome.message, "an issuer's certificate in the chain ends in 6.0 days, sooner than 14");
    assert!(outcome.measurements["certificate_days"] > 79.0, "{outcome:?}");

    // A certificate that no path needs may end.
    let good = authority.sign("good", HERE, 80).unwrap();
    let ended = authority.intermediate("ended", -1).unwrap();
    let sent = [fs::read(&good.certificate).unwrap(), fs::read(&ended.certificate).unwrap()].concat();
    fs::write(&good.certificate, sent).unwrap();
    let outcome = attempt(nginx(&good).port(), check).await;
    assert_eq!(outcome.state, HealthState::Healthy, "{outcome:?}");
    assert!(outcome.measurements["chain_days"] > 79.0, "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authority_and_a_self_signed_certificate_are_trusted_by_choice() {
    let authority = Authority::new().unwrap();
    let signed = authority.sign("signed", HERE, 80).unwrap();
    let own = Certificate::self_signed(authority.folder(), "own", HERE, 80).unwrap();
    let (signed, own) = (nginx(&signed), nginx(&own));
    let body = |settings: HttpCheck| HttpCheck { body_contains: Some("over TLS".into()), ..settings };
    assert_eq!(attempt(signed.port(), body(settings(&authority))).await.state, HealthState::Healthy);
    let unknown = attempt(signed.port(), HttpCheck::default()).await;
    assert_eq!(unknown.state, HealthState::Unhealthy);
    assert!(unknown.message.contains("the certificate is from an unknown issuer"), "{}", unknown.message);

    assert_eq!(attempt(own.port(), HttpCheck::default()).await.state, HealthState::Unhealthy);
    let accepting = HttpCheck { accept_self_signed: true, ..HttpCheck::default() };
    assert_eq!(attempt(own.port(), body(accepting.clone())).await.state, HealthState::Healthy);
    assert_eq!(attempt(signed.port(), accepting).await.state, HealthState::Unhealthy);
    let missing = HttpCheck { ca_file: Some("/nowhere/ca.pem".into()), ..HttpCheck::default() };
    let missing = attempt(signed.port(), missing).await;
    assert!(missing.message.starts_with("cannot read /nowhere/ca.pem"), "{}", missing.message);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_certificate_is_shown() {
    let authority = Authority::new().unwrap();
    let server = authority.sign("server", HERE, 80).unwrap();
    let client = authority.sign("client", "DNS:client", 80).unwrap();
    let directives =
        format!("ssl_client_certificate {}; ssl_verify_client on;", authority.certificate().display());
    let server = Nginx::start_with(&server, "over TLS", &directives).unwrap();
    let without = attempt(server.port(), settings(&authority)).await;
    assert_eq!(
        (without.state, without.message.as_str()),
        (HealthState::Unhealthy, "status 400, expected 200 to 399")
    );

    let path = |path: &std::path::Path| Some(path.display().to_string());
    let showing = HttpCheck {
        client_certificate_file: path(&client.certificate),
        client_key_file: path(&client.key),
        ..settings(&authority)
    };
    let shown = attempt(server.port(), showing.clone()).await;
    assert_eq!(shown.state, HealthState::Healthy, "{shown:?}");
    let other = HttpCheck { client_key_file: path(&authority.certificate()), ..showing };
    let other = attempt(server.port(), other).await;
    assert_eq!(other.state, HealthState::Unhealthy);
}

/// Starts `openssl s_server` with further arguments, and probes it.
async fn probe_openssl(certificate: &Certificate, arguments: &[&str], settings: HttpCheck) -> String {
    let port = free_port().unwrap();
    let mut command = Command::new("/usr/bin/openssl");
    command.args(["s_server", "-quiet", "-www", "-accept", &port.to_string()]);
    command.arg("-cert").arg(&certificate.certificate).arg("-key").arg(&certificate.key).args(arguments);
    let mut process =
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let listens = async || Ok(tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok());
    wait_until("openssl listens", listens).await.unwrap();
    let outcome = attempt(port, settings).await;
    process.kill().unwrap();
    process.wait().unwrap();
    assert_eq!(outcome.state, HealthState::Unhealthy, "{arguments:?}: {outcome:?}");
    outcome.message
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_handshakes_are_explained_in_words() {
    let authority = Authority::new().unwrap();
    let certificate = authority.sign("server", HERE, 80).unwrap();
    let ca = authority.certificate().display().to_string();
    let cases: [(&[&str], &str); 3] = [
        (&["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], "no version"),
        (&["-tls1_2", "-cipher", "AES128-SHA"], "handshake failure"),
        (&["-Verify", "1", "-verify_return_error", "-CAfile", &ca, "-tls1_2"], ""),
    ];
    for (arguments, expected) in cases {
        let message = probe_openssl(&certificate, arguments, settings(&authority)).await;
        assert!(message.contains(expected), "{arguments:?}: {message}");
        for fragment in [".rs", ".c:", "::", "Error", "{", "Alert"] {
            assert!(!message.contains(fragment), "{arguments:?}: {message}");
        }
    }
}
