//! Checks that look a name up in the DNS and compare the answer.

mod records;

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use hickory_resolver::{
    TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig},
    net::{DnsError, NetError, runtime::TokioRuntimeProvider},
    proto::rr::Name,
};
pub use records::DnsRecord;
use records::text;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{
    connection::describe,
    error::CheckError,
    failure::{Failure, without_descriptors},
    fields::{require, require_host},
    kind::{Kind, ProbeContext},
    outcome::Measurements,
};

const DNS_PORT: u16 = 53;
const MAX_EXPECTED: usize = 50;

/// A check that looks a name up in the DNS.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct DnsCheck {
    /// The name. For PTR also an address.
    pub name: String,
    /// The type of the records.
    pub record: DnsRecord,
    /// Values that the answer must have; empty accepts any record. A value is written as in a zone
    /// file. For MX and SRV the host alone is enough.
    pub expected: Vec<String>,
    /// The number of expected values that the answer must have.
    pub matching: DnsMatching,
    /// The resolver as an address with an optional port; none for that of the system.
    pub resolver: Option<String>,
}

/// The number of expected values that an answer must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum DnsMatching {
    /// Every expected value.
    All,
    /// At least one expected value.
    Any,
}

impl Default for DnsCheck {
    fn default() -> Self {
        Self {
            name: String::new(),
            record: DnsRecord::A,
            expected: Vec::new(),
            matching: DnsMatching::All,
            resolver: None,
        }
    }
}

impl Kind for DnsCheck {
    const LABEL: &'static str = "DNS";

    fn normalise(&mut self) -> Option<String> {
        self.name = self.name.trim().to_owned();
        let values = self.expected.iter().map(|value| value.trim().to_owned());
        self.expected = values.filter(|value| !value.is_empty()).collect();
        self.resolver = self.resolver.take().map(|resolver| resolver.trim().to_owned());
        None
    }

    fn validate(&self) -> Result<(), CheckError> {
        require_host("name", &self.name)?;
        self.query_name().map_err(CheckError::Invalid)?;
        require(self.expected.len() <= MAX_EXPECTED, || {
            format!("there are more than {MAX_EXPECTED} expected values")
        })?;
        require(self.expected.iter().all(|value| !value.is_empty()), || {
            "an expected value is empty; leave it out instead".to_owned()
        })?;
        self.server().map_err(CheckError::Invalid).map(|_| ())
    }

    fn target(&self) -> String {
        let record = self.record.name();
        match &self.resolver {
            Some(resolver) => format!("{} {record} at {resolver}", self.name),
            None => format!("{} {record}", self.name),
        }
    }

    fn is_local(&self) -> bool {
        self.server().is_ok_and(|server| server.is_some_and(|server| server.ip().is_loopback()))
    }

    /// Looks the name up once, past any cache of this process. Measures `query_seconds`, `answers`
    /// and `min_ttl_seconds`, the smallest time to live of the records.
    async fn probe(
        &self,
        context: ProbeContext<'_>,
        measurements: &mut Measurements,
    ) -> Result<String, Failure> {
        let (name, record) = (self.query_name()?, self.record.name());
        let resolver = resolver(self.server()?, context.timeout).await?;
        let started = context.clock.instant();
        let answer = resolver.lookup(name, self.record.into()).await;
        measurements.insert("query_seconds".into(), (context.clock.instant() - started).as_secs_f64());
        let answer = answer.map_err(|error| self.explain(&error))?;
        // The answer for an alias holds the alias too.
        let records = answer.answers().iter().filter(|found| found.record_type() == self.record.into());
        let (mut values, mut min_ttl) = (Vec::new(), u32::MAX);
        for found in records {
            values.push(text(&found.data));
            min_ttl = min_ttl.min(found.ttl);
        }
        if values.is_empty() {
            return Err(format!("{} has no {record} record", self.name).into());
        }
        values.sort();
        measurements.insert("answers".into(), values.len() as f64);
        measurements.insert("min_ttl_seconds".into(), f64::from(min_ttl));
        let missing: Vec<&str> =
            self.expected.iter().map(String::as_str).filter(|wanted| !self.has(&values, wanted)).collect();
        let enough = match self.matching {
            DnsMatching::All => missing.is_empty(),
            DnsMatching::Any => self.expected.is_empty() || missing.len() < self.expected.len(),
        };
        if enough {
            Ok(values.join(", "))
        } else {
            let separator = if self.matching == DnsMatching::All { ", " } else { " or " };
            Err(format!("expected {}, the answer is {}", missing.join(separator), values.join(", ")).into())
        }
    }
}

impl DnsCheck {
    /// Returns the name as it is queried: absolute, an address as its name for reverse lookup.
    fn query_name(&self) -> Result<Name, String> {
        if self.record == DnsRecord::Ptr
            && let Ok(address) = self.name.parse::<IpAddr>()
        {
            return Ok(address.into());
        }
        let mut name = Name::from_utf8(&self.name)
            .map_err(|error| format!("the name {:?} is not a name of the DNS: {error}", self.name))?;
        name.set_fqdn(true);
        Ok(name)
    }

    /// Returns the address of the resolver; none for that of the system.
    fn server(&self) -> Result<Option<SocketAddr>, String> {
        let Some(text) = &self.resolver else { return Ok(None) };
        let parsed = text.parse::<SocketAddr>().ok().or_else(|| {
            let address = text.trim_start_matches('[').trim_end_matches(']').parse().ok()?;
            Some(SocketAddr::new(address, DNS_PORT))
        });
        match parsed {
            Some(server) if server.port() != 0 => Ok(Some(server)),
            _ => Err(format!("the resolver {text:?} is not an address or an address with a port")),
        }
    }

    /// Returns whether the answer has the expected value. The texts of TXT records must be the
    /// same, in others case and a final dot do not count.
    fn has(&self, values: &[String], wanted: &str) -> bool {
        if self.record == DnsRecord::Txt {
            return values.iter().any(|value| value == wanted);
        }
        let wanted = wanted.trim_end_matches('.');
        values.iter().any(|value| {
            let host =
                value.rsplit(' ').next().filter(|_| matches!(self.record, DnsRecord::Mx | DnsRecord::Srv));
            value.eq_ignore_ascii_case(wanted) || host.is_some_and(|host| host.eq_ignore_ascii_case(wanted))
        })
    }

    fn explain(&self, error: &NetError) -> Failure {
        let resolver = self.resolver.as_deref().unwrap_or("the resolver of the system");
        if error.is_nx_domain() {
            return format!("the name {} does not exist", self.name).into();
        }
        if error.is_no_records_found() {
            return format!("{} has no {} record", self.name, self.record.name()).into();
        }
        if let Some(own) = without_descriptors() {
            return own;
        }
        match error {
            NetError::Timeout => format!("no answer from {resolver}"),
            NetError::NoConnections => format!("no connection to {resolver}"),
            NetError::Io(error) => return describe(error, resolver),
            NetError::Dns(DnsError::ResponseCode(code)) => format!("{resolver} answered: {code}"),
            other => format!("no valid answer from {resolver}: {other}"),
        }
        .into()
    }
}

/// Builds a resolver without a cache and without the hosts file. Reads /etc/resolv.conf for that of
/// the system, on a thread that may block.
async fn resolver(server: Option<SocketAddr>, timeout: Duration) -> Result<TokioResolver, String> {
    let build = move || {
        let mut builder = match server {
            None => TokioResolver::builder_tokio()?,
            Some(server) => TokioResolver::builder_with_config(only(server), TokioRuntimeProvider::default()),
        };
        let options = builder.options_mut();
        options.cache_size = 0;
        options.use_hosts_file = ResolveHosts::Never;
        // A lost packet is sent again once within the timeout of the check.
        options.timeout = timeout / 2;
        options.attempts = 1;
        builder.build()
    };
    let built = tokio::task::spawn_blocking(build).await.map_err(|error| error.to_string())?;
    built.map_err(|error: NetError| format!("cannot use the resolver: {error}"))
}

fn only(server: SocketAddr) -> ResolverConfig {
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
        connection.port = server.port();
        connection
    });
    let server = NameServerConfig::new(server.ip(), true, connections.to_vec());
    ResolverConfig::from_parts(None, Vec::new(), vec![server])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(record: DnsRecord, expected: &[&str]) -> DnsCheck {
        let expected = expected.iter().map(ToString::to_string).collect();
        DnsCheck { name: "example.test".into(), record, expected, ..DnsCheck::default() }
    }

    #[test]
    fn values_match_without_case_dot_or_preference() {
        let values = ["10 mail.example.test".to_owned()];
        assert!(check(DnsRecord::Mx, &[]).has(&values, "10 Mail.example.test."));
        assert!(check(DnsRecord::Mx, &[]).has(&values, "mail.example.test"));
        assert!(!check(DnsRecord::Mx, &[]).has(&values, "20 mail.example.test"));
        let text = ["v=spf1 -all".to_owned()];
        assert!(check(DnsRecord::Txt, &[]).has(&text, "v=spf1 -all"));
        assert!(
            !check(DnsRecord::Txt, &[]).has(&text, "V=SPF1 -all")
                && !check(DnsRecord::Txt, &[]).has(&text, "-all")
        );
    }

    #[test]
    fn resolvers_are_addresses_with_an_optional_port() {
        let server =
            |text: &str| DnsCheck { resolver: Some(text.into()), ..check(DnsRecord::A, &[]) }.server();
        assert_eq!(server("192.0.2.1").unwrap().unwrap().to_string(), "192.0.2.1:53");
        assert_eq!(server("192.0.2.1:5353").unwrap().unwrap().to_string(), "192.0.2.1:5353");
        assert_eq!(server("::1").unwrap().unwrap().to_string(), "[::1]:53");
        assert_eq!(server("[::1]:54").unwrap().unwrap().to_string(), "[::1]:54");
        for bad in ["", "dns.example.org", "192.0.2.1:0", "192.0.2.1:99999"] {
            assert!(server(bad).unwrap_err().contains("is not an address"), "{bad}");
        }
    }

    #[test]
    fn settings_are_validated_by_field() {
        let rejection = |check: DnsCheck| check.validate().unwrap_err().to_string();
        assert_eq!(rejection(DnsCheck::default()), "the name is empty");
        assert!(rejection(check(DnsRecord::A, &[""])).contains("expected value is empty"));
        let long = DnsCheck { name: "a".repeat(64), ..check(DnsRecord::A, &[]) };
        assert!(rejection(long).contains("is not a name of the DNS"));
        assert_eq!(check(DnsRecord::Aaaa, &["::1"]).target(), "example.test AAAA");
    }
}
