//! The fields of a certificate that people ask for.

use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

const SECONDS_PER_DAY: f64 = 86_400.0;

/// The fields of an X.509 certificate (RFC 5280).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The common name of its subject, or the whole subject without one.
    pub subject: String,
    /// The common name of its issuer, or the whole issuer without one.
    pub issuer: String,
    /// The host names and addresses it is for.
    pub names: Vec<String>,
    /// The first second in which it is valid, in seconds since 1970.
    pub not_before: i64,
    /// The last second in which it is valid, in seconds since 1970.
    pub not_after: i64,
    /// Whether subject and issuer are the same.
    pub is_self_issued: bool,
}

impl Certificate {
    /// Parses a certificate in DER; none if it is no certificate.
    pub fn parse(der: &[u8]) -> Option<Self> {
        let (_, parsed) = X509Certificate::from_der(der).ok()?;
        let alternatives = parsed.subject_alternative_name().ok().flatten();
        let names = alternatives.map(|found| &found.value.general_names).into_iter().flatten();
        Some(Self {
            subject: common_name(parsed.subject()),
            issuer: common_name(parsed.issuer()),
            names: names.filter_map(name).collect(),
            not_before: parsed.validity().not_before.timestamp(),
            not_after: parsed.validity().not_after.timestamp(),
            is_self_issued: parsed.subject() == parsed.issuer(),
        })
    }

    /// Returns the days until the certificate ends, from `now` in seconds since 1970; negative
    /// after its end.
    pub fn days_left(&self, now: i64) -> f64 {
        (self.not_after - now) as f64 / SECONDS_PER_DAY
    }
}

fn common_name(name: &x509_parser::x509::X509Name<'_>) -> String {
    let common = name.iter_common_name().next().and_then(|found| found.as_str().ok());
    common.map_or_else(|| name.to_string(), str::to_owned)
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => match bytes.len() {
            4 => <[u8; 4]>::try_from(*bytes).ok().map(|bytes| std::net::Ipv4Addr::from(bytes).to_string()),
            16 => <[u8; 16]>::try_from(*bytes).ok().map(|bytes| std::net::Ipv6Addr::from(bytes).to_string()),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A certificate for `shop.local` and 192.0.2.1, valid for the year 2024.
    const DER: &[u8] = include_bytes!("../tests/shop.der");

    #[test]
    fn fields_are_read() {
        let found = Certificate::parse(DER).unwrap();
        assert_eq!((found.subject.as_str(), found.issuer.as_str()), ("shop", "authority"));
        assert_eq!(found.names, ["shop.local", "192.0.2.1"]);
        assert_eq!((found.not_before, found.not_after), (1_704_067_200, 1_735_689_599));
        assert!(!found.is_self_issued);
        assert_eq!(found.days_left(1_735_689_599 - 86_400), 1.0);
        assert!(found.days_left(1_735_689_600) < 0.0);
    }

    #[test]
    fn other_bytes_are_no_certificate() {
        assert_eq!(Certificate::parse(b""), None);
        assert_eq!(Certificate::parse(b"-----BEGIN CERTIFICATE-----"), None);
    }

    #[test]
    fn truncated_and_damaged_certificates_do_no_harm() {
        for length in 0..DER.len() {
            assert_eq!(Certificate::parse(&DER[..length]), None);
        }
        for position in 0..DER.len() {
            for byte in 0..=255 {
                let mut damaged = DER.to_vec();
                damaged[position] = byte;
                let _ = Certificate::parse(&damaged);
            }
        }
    }
}
