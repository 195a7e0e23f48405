//! Errors of TLS in words that a person understands.

use chrono::DateTime;
use rustls::{AlertDescription, CertificateError, Error, pki_types::UnixTime};

/// The number of names of a certificate that a message lists.
const MAX_LISTED_NAMES: usize = 5;

/// Returns an error of TLS in words.
pub fn describe(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(error) => describe_certificate(error),
        Error::InvalidMessage(_) => "the server does not speak TLS".to_owned(),
        Error::NoCertificatesPresented => "the server shows no certificate".to_owned(),
        Error::PeerIncompatible(reason) => {
            format!("the server offers no version or cipher that is accepted ({})", spaced(reason))
        }
        Error::PeerMisbehaved(reason) => format!("the server breaks the rules of TLS ({})", spaced(reason)),
        Error::AlertReceived(alert) => describe_alert(*alert),
        other => other.to_string(),
    }
}

fn describe_certificate(error: &CertificateError) -> String {
    match error {
        CertificateError::Expired => "the certificate has expired".to_owned(),
        CertificateError::ExpiredContext { not_after, .. } => {
            format!("the certificate expired on {}", date(*not_after))
        }
        CertificateError::NotValidYet => "the certificate is not valid yet".to_owned(),
        CertificateError::NotValidYetContext { not_before, .. } => {
            format!("the certificate is not valid before {}", date(*not_before))
        }
        CertificateError::NotValidForName => "the certificate is for another host name".to_owned(),
        CertificateError::NotValidForNameContext { expected, presented } => {
            format!(
                "host name \"{}\" does not match the certificate, which is for {}",
                expected.to_str(),
                list(presented)
            )
        }
        CertificateError::UnknownIssuer => "the certificate is from an unknown issuer".to_owned(),
        CertificateError::Revoked => "the certificate is revoked".to_owned(),
        CertificateError::BadSignature => "the signature of the certificate is wrong".to_owned(),
        CertificateError::BadEncoding => "the certificate is damaged".to_owned(),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "the certificate is not for servers".to_owned()
        }
        // The name of an error of webpki, which rustls passes on as it is.
        CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
            "the certificate is self-signed or that of an authority".to_owned()
        }
        other => format!("the certificate is not accepted: {other}"),
    }
}

fn describe_alert(alert: AlertDescription) -> String {
    match alert {
        AlertDescription::CertificateRequired => "the server requires a client certificate".to_owned(),
        AlertDescription::UnknownCA | AlertDescription::BadCertificate => {
            "the server rejected the client certificate".to_owned()
        }
        AlertDescription::ProtocolVersion => {
            "the server offers no version of TLS that is accepted".to_owned()
        }
        AlertDescription::UnrecognisedName => "the server does not know the host name".to_owned(),
        other => format!("the server ended the handshake: {}", spaced(other)),
    }
}

/// Returns the name of a variant as words: `HandshakeFailure` is `handshake failure`.
fn spaced(variant: impl std::fmt::Debug) -> String {
    let debug = format!("{variant:?}");
    let mut words = String::new();
    for character in debug.chars().take_while(|character| character.is_ascii_alphanumeric()) {
        if character.is_ascii_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(character.to_ascii_lowercase());
    }
    words
}

fn date(time: UnixTime) -> String {
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    DateTime::from_timestamp(seconds, 0)
        .map_or_else(|| "an impossible date".to_owned(), |time| time.format("%Y-%m-%d %H:%M UTC").to_string())
}

fn list(names: &[String]) -> String {
    // rustls writes a name as `DnsName("shop.local")` or `IpAddress(192.0.2.1)`.
    let bare = |name: &String| {
        let inner = name.split_once('(').map_or(name.as_str(), |(_, rest)| rest.trim_end_matches(')'));
        inner.trim_matches('"').to_owned()
    };
    let mut listed: Vec<String> = names.iter().take(MAX_LISTED_NAMES).map(bare).collect();
    if names.len() > MAX_LISTED_NAMES {
        listed.push(format!("{} more", names.len() - MAX_LISTED_NAMES));
    }
    if listed.is_empty() { "no name".to_owned() } else { listed.join(", ") }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rustls::pki_types::ServerName;

    use super::*;

    fn certificate(error: CertificateError) -> String {
        describe(&Error::InvalidCertificate(error))
    }

    #[test]
    fn reasons_are_words() {
        let alert = describe(&Error::AlertReceived(AlertDescription::HandshakeFailure));
        assert_eq!(alert, "the server ended the handshake: handshake failure");
        let old = describe(&Error::PeerIncompatible(rustls::PeerIncompatible::Tls12NotOffered));
        assert_eq!(old, "the server offers no version or cipher that is accepted (tls12 not offered)");
        let wrong = describe(&Error::PeerMisbehaved(rustls::PeerMisbehaved::TooMuchEarlyDataReceived));
        assert_eq!(wrong, "the server breaks the rules of TLS (too much early data received)");
    }

    #[test]
    fn dates_and_names_are_in_the_message() {
        let time = UnixTime::since_unix_epoch(Duration::from_secs(1_735_689_599));
        let expired = certificate(CertificateError::ExpiredContext { time, not_after: time });
        assert_eq!(expired, "the certificate expired on 2024-12-31 23:59 UTC");
        let early = certificate(CertificateError::NotValidYetContext { time, not_before: time });
        assert_eq!(early, "the certificate is not valid before 2024-12-31 23:59 UTC");
        let expected = ServerName::try_from("shop.local").unwrap();
        let presented = vec!["DnsName(\"other.local\")".to_owned(), "IpAddress(192.0.2.1)".to_owned()];
        assert_eq!(
            certificate(CertificateError::NotValidForNameContext { expected, presented }),
            "host name \"shop.local\" does not match the certificate, which is for other.local, 192.0.2.1"
        );
    }
}
