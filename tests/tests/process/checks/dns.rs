//! DNS checks against a real name server.

use checks::{
    ProbeOutcome,
    kinds::{DnsCheck, DnsMatching, DnsRecord},
    probe,
};
use model::{HealthCheck, HealthState};
use runtime::Clock;
use test_support::{name_server::NameServer, servers::free_port};

use super::check;

/// Data of an NS record for `ns1.example.test`, and of an SOA record with the serial 7 (RFC 1035).
const NS: &str = "036e7331076578616d706c650474657374 00";
const SOA: &str = "036e7331076578616d706c65047465737400 0561646d696e076578616d706c65047465737400 00000007 00000e10 \
                   00000258 00015180 0000003c";

const RECORDS: &[&str] = &[
    "--host-record=www.example.test,192.0.2.1,2001:db8::1,300",
    "--host-record=two.example.test,192.0.2.2,60",
    "--host-record=two.example.test,192.0.2.3,60",
    "--cname=alias.example.test,www.example.test,120",
    "--mx-host=example.test,mail.example.test,10",
    "--txt-record=example.test,v=spf1 -all",
    "--srv-host=_ldap._tcp.example.test,ldap.example.test,389,5,1",
    "--caa-record=example.test,0,issue,ca.example.test",
    "--ptr-record=7.2.0.192.in-addr.arpa,ptr.example.test",
];

async fn start() -> NameServer {
    let hex = |text: &str| text.replace(' ', "");
    let ns = format!("--dns-rr=example.test,2,{}", hex(NS));
    let soa = format!("--dns-rr=example.test,6,{}", hex(SOA));
    tokio::task::spawn_blocking(move || {
        let records: Vec<&str> = RECORDS.iter().copied().chain([ns.as_str(), soa.as_str()]).collect();
        NameServer::start(&records).unwrap()
    })
    .await
    .unwrap()
}

async fn look_up(server: &NameServer, name: &str, record: DnsRecord, expected: &[&str]) -> ProbeOutcome {
    let settings = DnsCheck {
        name: name.into(),
        record,
        expected: expected.iter().map(ToString::to_string).collect(),
        resolver: Some(server.address()),
        ..DnsCheck::default()
    };
    probe(&check("dns", settings), None, &Clock::system()).await
}

#[tokio::test]
async fn every_type_of_record_is_read_and_compared() {
    let server = start().await;
    for (name, record, value) in [
        ("www.example.test", DnsRecord::A, "192.0.2.1"),
        ("www.example.test", DnsRecord::Aaaa, "2001:db8::1"),
        ("alias.example.test", DnsRecord::Cname, "www.example.test"),
        ("alias.example.test", DnsRecord::A, "192.0.2.1"),
        ("example.test", DnsRecord::Mx, "10 mail.example.test"),
        ("example.test", DnsRecord::Txt, "v=spf1 -all"),
        ("example.test", DnsRecord::Ns, "ns1.example.test"),
        ("_ldap._tcp.example.test", DnsRecord::Srv, "5 1 389 ldap.example.test"),
        ("example.test", DnsRecord::Caa, "0 issue \"ca.example.test\""),
        ("192.0.2.7", DnsRecord::Ptr, "ptr.example.test"),
        ("7.2.0.192.in-addr.arpa", DnsRecord::Ptr, "ptr.example.test"),
        ("example.test", DnsRecord::Soa, "ns1.example.test admin.example.test 7 3600 600 86400 60"),
    ] {
        let any = look_up(&server, name, record, &[]).await;
        assert_eq!((any.state, any.message.as_str()), (HealthState::Healthy, value), "{record:?}");
        assert_eq!(any.measurements["answers"], 1.0);
        assert!(any.measurements["query_seconds"] > 0.0 && any.measurements["min_ttl_seconds"] >= 0.0);
        let same = look_up(&server, name, record, &[value]).await;
        assert_eq!(same.state, HealthState::Healthy, "{record:?}: {}", same.message);
        let other = look_up(&server, name, record, &["other"]).await;
        let message = format!("expected other, the answer is {value}");
        assert_eq!((other.state, other.message), (HealthState::Unhealthy, message));
    }
}

#[tokio::test]
async fn all_or_any_of_the_expected_values_must_be_there() {
    let server = start().await;
    let two =
        |expected: &'static [&'static str]| look_up(&server, "two.example.test", DnsRecord::A, expected);
    let both = two(&["192.0.2.2", "192.0.2.3"]).await;
    assert_eq!((both.state, both.message.as_str()), (HealthState::Healthy, "192.0.2.2, 192.0.2.3"));
    assert_eq!((both.measurements["answers"], both.measurements["min_ttl_seconds"]), (2.0, 60.0));
    let missing = two(&["192.0.2.2", "192.0.2.9"]).await;
    assert_eq!(missing.message, "expected 192.0.2.9, the answer is 192.0.2.2, 192.0.2.3");
    let any = |expected: &[&str]| DnsCheck {
        name: "two.example.test".into(),
        expected: expected.iter().map(ToString::to_string).collect(),
        matching: DnsMatching::Any,
        resolver: Some(server.address()),
        ..DnsCheck::default()
    };
    let one = probe(&check("dns", any(&["192.0.2.9", "192.0.2.3"])), None, &Clock::system()).await;
    assert_eq!(one.state, HealthState::Healthy, "{}", one.message);
    let none = probe(&check("dns", any(&["192.0.2.8", "192.0.2.9"])), None, &Clock::system()).await;
    assert_eq!(none.message, "expected 192.0.2.8 or 192.0.2.9, the answer is 192.0.2.2, 192.0.2.3");
}

#[tokio::test]
async fn failures_name_the_name_or_the_resolver() {
    let server = start().await;
    let gone = look_up(&server, "gone.example.test", DnsRecord::A, &[]).await;
    assert_eq!(
        (gone.state, gone.message.as_str()),
        (HealthState::Unhealthy, "the name gone.example.test does not exist")
    );
    let no_record = look_up(&server, "www.example.test", DnsRecord::Mx, &[]).await;
    assert_eq!(no_record.message, "www.example.test has no MX record");
    let refused = look_up(&server, "elsewhere.example", DnsRecord::A, &[]).await;
    assert_eq!(refused.message, format!("{} answered: Query Refused", server.address()));
    let resolver = format!("127.0.0.1:{}", free_port().unwrap());
    let settings =
        DnsCheck { name: "example.test".into(), resolver: Some(resolver.clone()), ..DnsCheck::default() };
    let silent = HealthCheck { timeout_seconds: 2, ..check("dns", settings) };
    let silent = probe(&silent, None, &Clock::system()).await;
    assert_eq!(silent.state, HealthState::Unhealthy);
    assert!(silent.message.contains(&resolver), "{}", silent.message);
}
