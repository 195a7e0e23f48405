//! Types and values of DNS records.

use hickory_resolver::proto::rr::{Name, RData, RecordType};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A type of DNS record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "UPPERCASE")]
#[allow(missing_docs, reason = "the names are those of the DNS")]
pub enum DnsRecord {
    A,
    Aaaa,
    Cname,
    Mx,
    Txt,
    Ns,
    Srv,
    Caa,
    Ptr,
    Soa,
}

impl DnsRecord {
    /// Returns the name of the type in the DNS.
    pub(super) fn name(self) -> &'static str {
        RecordType::from(self).into()
    }
}

impl From<DnsRecord> for RecordType {
    fn from(record: DnsRecord) -> Self {
        match record {
            DnsRecord::A => Self::A,
            DnsRecord::Aaaa => Self::AAAA,
            DnsRecord::Cname => Self::CNAME,
            DnsRecord::Mx => Self::MX,
            DnsRecord::Txt => Self::TXT,
            DnsRecord::Ns => Self::NS,
            DnsRecord::Srv => Self::SRV,
            DnsRecord::Caa => Self::CAA,
            DnsRecord::Ptr => Self::PTR,
            DnsRecord::Soa => Self::SOA,
        }
    }
}

/// Returns the value of a record as a zone file has it, names without the final dot.
pub(super) fn text(data: &RData) -> String {
    let name = |name: &Name| name.to_string().trim_end_matches('.').to_owned();
    match data {
        RData::CNAME(target) => name(&target.0),
        RData::NS(target) => name(&target.0),
        RData::PTR(target) => name(&target.0),
        RData::MX(record) => format!("{} {}", record.preference, name(&record.exchange)),
        RData::SRV(record) => {
            format!("{} {} {} {}", record.priority, record.weight, record.port, name(&record.target))
        }
        RData::TXT(record) => {
            record.txt_data.iter().map(|part| String::from_utf8_lossy(part)).collect::<Vec<_>>().concat()
        }
        other => other.to_string().replace(". ", " ").trim_end_matches('.').to_owned(),
    }
}
