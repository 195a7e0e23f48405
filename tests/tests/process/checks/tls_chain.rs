//! TLS checks against a real nginx with chains of every fault.

use checks::{ProbeOutcome, kinds::TlsCheck, probe};
use model::HealthState;
use runtime::Clock;
use test_support::{
    certificates::{Authority, Certificate},
    nginx::Nginx,
};

use super::{check, web::Web};

const HERE: &str = "DNS:localhost,IP:127.0.0.1";

/// An authority, and servers under certificates of it.
struct Servers {
    authority: Authority,
}

impl Servers {
    fn new() -> Self {
        Self { authority: Authority::new().unwrap() }
    }

    fn settings(&self) -> TlsCheck {
        TlsCheck {
            host: "127.0.0.1".into(),
            ca_file: Some(self.authority.certificate().display().to_string()),
            ..TlsCheck::default()
        }
    }
}

async fn attempt(certificate: &Certificate, settings: TlsCheck) -> ProbeOutcome {
    let certificate = certificate.clone();
    let server =
        tokio::task::spawn_blocking(move || Nginx::start(&certificate, "over TLS").unwrap()).await.unwrap();
    probe(&check("tls", TlsCheck { port: server.port(), ..settings }), None, &Clock::system()).await
}

fn assert_unhealthy(outcome: &ProbeOutcome, message: &str) {
    assert_eq!(outcome.state, HealthState::Unhealthy, "{outcome:?}");
    assert!(outcome.message.contains(message), "{message}: {}", outcome.message);
}

#[tokio::test]
async fn the_days_of_the_whole_chain_count() {
    let servers = Servers::new();
    let issuing = servers.authority.intermediate("issuing", 30).unwrap();
    let chain = issuing.sign("own", HERE, 90).unwrap();
    let within = |days: f64, left: f64| left <= days && left > days - 0.1;

    let good = attempt(&chain, servers.settings()).await;
    assert_eq!(good.state, HealthState::Healthy, "{}", good.message);
    assert_eq!(good.message, "certificate from issuing, chain ends in 30 days");
    assert!(within(90.0, good.measurements["certificate_days"]), "{good:?}");
    assert!(within(30.0, good.measurements["chain_days"]), "{good:?}");
    assert!(good.measurements["handshake_seconds"] > 0.0 && good.measurements["connect_seconds"] > 0.0);

    let soon = attempt(&chain, TlsCheck { degraded_below_days: Some(40), ..servers.settings() }).await;
    assert_eq!(soon.state, HealthState::Degraded, "{soon:?}");
    assert_eq!(soon.message, "an issuer's certificate in the chain ends in 30.0 days, sooner than 40");
    let late = attempt(&chain, TlsCheck { unhealthy_below_days: Some(40), ..servers.settings() }).await;
    assert_unhealthy(&late, "ends in 30.0 days, sooner than 40");
}

#[tokio::test]
async fn rejected_chains_are_explained_and_measured() {
    let servers = Servers::new();
    let authority = &servers.authority;

    let expired = authority.sign_between("expired", HERE, "20200101000000Z", "20210101000000Z").unwrap();
    let expired = attempt(&expired, servers.settings()).await;
    assert_unhealthy(&expired, "the certificate expired on 2021-01-01 00:00 UTC");
    assert!(expired.measurements["certificate_days"] < 0.0, "{expired:?}");

    let old_issuer = authority.intermediate("old", -1).unwrap().sign("below-old", HERE, 90).unwrap();
    let old_issuer = attempt(&old_issuer, servers.settings()).await;
    assert_unhealthy(&old_issuer, "that of the issuer \"old\"");
    assert!(old_issuer.measurements["certificate_days"] > 0.0 && old_issuer.measurements["chain_days"] < 0.0);

    let early = authority.sign_between("early", HERE, "20900101000000Z", "20910101000000Z").unwrap();
    assert_unhealthy(&attempt(&early, servers.settings()).await, "not valid before 2090-01-01");

    let other = authority.sign("other", "DNS:other.internal", 90).unwrap();
    let mismatch = attempt(&other, servers.settings()).await;
    assert_unhealthy(
        &mismatch,
        "host name \"127.0.0.1\" does not match the certificate, which is for other.internal",
    );
    let named = TlsCheck { server_name: Some("other.internal".into()), ..servers.settings() };
    assert_eq!(attempt(&other, named).await.state, HealthState::Healthy);

    let good = authority.sign("good", HERE, 90).unwrap();
    let unknown = attempt(&good, TlsCheck { ca_file: None, ..servers.settings() }).await;
    assert_unhealthy(&unknown, "from an unknown issuer: \"authority\"");
    let unreadable = TlsCheck { ca_file: Some("/nowhere/ca.pem".into()), ..servers.settings() };
    assert_unhealthy(&attempt(&good, unreadable).await, "cannot read /nowhere/ca.pem: entity not found");
    let key = TlsCheck { ca_file: Some(good.key.display().to_string()), ..servers.settings() };
    assert_unhealthy(&attempt(&good, key).await, "holds no certificate");
}

#[tokio::test]
async fn a_self_signed_certificate_is_accepted_by_choice_only() {
    let servers = Servers::new();
    let certificate = Certificate::self_signed(servers.authority.folder(), "own", HERE, 90).unwrap();
    let settings = TlsCheck { ca_file: None, ..servers.settings() };
    assert_unhealthy(&attempt(&certificate, settings.clone()).await, "the certificate is self-signed");
    let accepting = TlsCheck { accept_self_signed: true, ..settings };
    let accepted = attempt(&certificate, accepting.clone()).await;
    assert_eq!(accepted.state, HealthState::Healthy, "{}", accepted.message);
    assert!(accepted.measurements["certificate_days"] > 89.0);

    let named = TlsCheck { server_name: Some("other.internal".into()), ..accepting.clone() };
    assert_unhealthy(&attempt(&certificate, named).await, "does not match the certificate");
    let expired = Certificate::self_signed(servers.authority.folder(), "ended", HERE, -1).unwrap();
    assert_unhealthy(&attempt(&expired, accepting.clone()).await, "the certificate expired on");
    // The choice is for self-signed certificates, not for unknown issuers.
    let signed = servers.authority.sign("signed", HERE, 90).unwrap();
    assert_unhealthy(&attempt(&signed, accepting).await, "unknown issuer");
}

#[tokio::test]
async fn a_server_without_tls_is_explained() {
    let web = Web::start().await;
    let port = web.url("").rsplit(':').next().unwrap().trim_end_matches('/').parse().unwrap();
    let plain = TlsCheck { host: "127.0.0.1".into(), port, ..TlsCheck::default() };
    let outcome = probe(&check("tls", plain), None, &Clock::system()).await;
    assert_unhealthy(&outcome, "the server does not speak TLS");
}
