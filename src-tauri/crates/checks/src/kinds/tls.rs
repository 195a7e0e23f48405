//! Checks of the certificate chain that a TLS server sends.

use std::{io, sync::Arc};

use model::NANOS_PER_SECOND;
use rustls::{CertificateError, ClientConfig, Error, pki_types::ServerName};
use serde::{Deserialize, Serialize};
use tls::Certificate;
use tokio_rustls::TlsConnector;
use ts_rs::TS;

use crate::{
    chain_verifier::{CERTIFICATE_DAYS, CHAIN_DAYS, ChainVerifier, ending, trust_file},
    connection::{address, cause, describe, open},
    error::CheckError,
    failure::Failure,
    fields::{require, require_address, require_host, require_within},
    kind::{Kind, ProbeContext},
    network::is_loopback,
    outcome::Measurements,
};

const MAX_DAYS: u32 = 3_650;

/// A check of the certificate chain that a TLS server sends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TlsCheck {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// The name that the certificate must be for; none for the host.
    pub server_name: Option<String>,
    /// A file with the trusted authorities in PEM; none for those of the system.
    pub ca_file: Option<String>,
    /// Whether a certificate that is its own issuer is accepted. Name and dates are verified still.
    pub accept_self_signed: bool,
    /// A chain with fewer days left than this is degraded.
    pub degraded_below_days: Option<u32>,
    /// A chain with fewer days left than this is unhealthy.
    pub unhealthy_below_days: Option<u32>,
}

impl Default for TlsCheck {
    fn default() -> Self {
        Self {
            host: String::new(),
            port: 443,
            server_name: None,
            ca_file: None,
            accept_self_signed: false,
            degraded_below_days: Some(21),
            unhealthy_below_days: Some(7),
        }
    }
}

impl Kind for TlsCheck {
    const LABEL: &'static str = "TLS certificate";

    fn validate(&self) -> Result<(), CheckError> {
        require_address(&self.host, self.port)?;
        if let Some(name) = &self.server_name {
            require_host("server name", name)?;
        }
        self.expected_name().map_err(CheckError::Invalid)?;
        require(self.ca_file.as_deref() != Some(""), || {
            "the file of authorities is empty; leave it out instead".to_owned()
        })?;
        let days = [
            ("number of days below which the check is degraded", self.degraded_below_days),
            ("number of days below which the check is unhealthy", self.unhealthy_below_days),
        ];
        for (field, days) in days {
            if let Some(days) = days {
                require_within(field, days, 1, MAX_DAYS, "")?;
            }
        }
        Ok(())
    }

    fn target(&self) -> String {
        let server = address(&self.host, self.port);
        match &self.server_name {
            Some(name) => format!("{name} at {server}"),
            None => server,
        }
    }

    fn is_local(&self) -> bool {
        is_loopback(&self.host)
    }

    /// Makes one handshake and closes the connection. Measures `connect_seconds`,
    /// `handshake_seconds`, `certificate_days` and `chain_days`, also of a chain that is rejected.
    async fn probe(
        &self,
        context: ProbeContext<'_>,
        measurements: &mut Measurements,
    ) -> Result<String, Failure> {
        let name = self.expected_name()?;
        let settings = self.clone();
        let verifier = tokio::task::spawn_blocking(move || settings.verifier())
            .await
            .map_err(|error| error.to_string())??;
        let config = ClientConfig::builder_with_provider(tls::provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| tls::describe(&error))?
            .dangerous()
            .with_custom_certificate_verifier(verifier.clone())
            .with_no_client_auth();
        let socket = open(&self.host, self.port, context.clock, measurements).await?;
        let started = context.clock.instant();
        let handshake = TlsConnector::from(Arc::new(config)).connect(name, socket).await;
        let elapsed = context.clock.instant() - started;
        let chain = verifier.chain();
        let now = context.now.0 / NANOS_PER_SECOND;
        let first_ending = verifier.measure(now, measurements);
        if let Err(error) = handshake {
            return Err(self.explain(&error, &chain, now));
        }
        measurements.insert("handshake_seconds".into(), elapsed.as_secs_f64());
        let Some(own) = chain.first() else { return Err("the server shows no certificate".into()) };
        match self.unhealthy_below_days {
            Some(days) if first_ending < f64::from(days) => {
                Err(ending(own.days_left(now), first_ending, days).into())
            }
            _ => Ok(format!("certificate from {}, chain ends in {first_ending:.0} days", own.issuer)),
        }
    }

    fn warnings(&self, measurements: &Measurements) -> Vec<String> {
        let left = measurements.get(CERTIFICATE_DAYS).zip(measurements.get(CHAIN_DAYS));
        self.degraded_below_days
            .zip(left)
            .filter(|(days, (_, chain))| **chain < f64::from(*days))
            .map(|(days, (own, chain))| ending(*own, *chain, days))
            .into_iter()
            .collect()
    }
}

impl TlsCheck {
    fn expected_name(&self) -> Result<ServerName<'static>, String> {
        let name = self.server_name.as_deref().unwrap_or(&self.host);
        let bare = name.trim_start_matches('[').trim_end_matches(']').to_owned();
        ServerName::try_from(bare).map_err(|_| format!("{name:?} is not a host name or an address"))
    }

    /// Builds the verifier of one handshake. Reads files; blocking.
    fn verifier(&self) -> Result<Arc<ChainVerifier>, String> {
        let trust = match &self.ca_file {
            None => tls::system_verifier().map_err(|error| tls::describe(&error))?,
            Some(path) => trust_file(path)?,
        };
        Ok(Arc::new(ChainVerifier::new(trust, self.accept_self_signed)))
    }

    /// Returns the reason of a failed handshake in words, with the certificate at fault.
    fn explain(&self, error: &io::Error, chain: &[Certificate], now: i64) -> Failure {
        let Some(reason) = cause::<Error>(error) else {
            return describe(error, &address(&self.host, self.port));
        };
        let words = tls::describe(reason);
        match reason {
            Error::InvalidCertificate(
                CertificateError::Expired | CertificateError::ExpiredContext { .. },
            ) => match chain.iter().skip(1).find(|one| one.not_after < now) {
                Some(issuing) => format!("{words}: that of the issuer \"{}\"", issuing.subject),
                None => words,
            },
            Error::InvalidCertificate(CertificateError::UnknownIssuer) => match (chain.first(), chain.last())
            {
                (Some(own), _) if own.is_self_issued => "the certificate is self-signed".to_owned(),
                (_, Some(last)) => format!("{words}: \"{}\"", last.issuer),
                _ => words,
            },
            _ => words,
        }
        .into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_certificate_that_ends_first_counts() {
        let check = TlsCheck { host: "shop".into(), ..TlsCheck::default() };
        let measured = |own, chain| {
            check.warnings(&Measurements::from([(CERTIFICATE_DAYS.into(), own), (CHAIN_DAYS.into(), chain)]))
        };
        assert!(measured(60.0, 21.0).is_empty());
        assert_eq!(measured(20.5, 20.5), ["the certificate ends in 20.5 days, sooner than 21"]);
        assert_eq!(
            measured(60.0, 9.9),
            ["an issuer's certificate in the chain ends in 9.9 days, sooner than 21"]
        );
    }

    #[test]
    fn settings_are_validated_by_field() {
        let check = TlsCheck { host: "shop".into(), ..TlsCheck::default() };
        check.validate().unwrap();
        let rejection = |check: TlsCheck| check.validate().unwrap_err().to_string();
        assert_eq!(rejection(TlsCheck::default()), "the host is empty");
        let name = TlsCheck { server_name: Some("a b".into()), ..check.clone() };
        assert!(rejection(name).starts_with("the server name \"a b\""));
        let days = TlsCheck { degraded_below_days: Some(0), ..check.clone() };
        assert!(rejection(days).contains("must be 1 to 3650"));
        assert_eq!(
            TlsCheck { server_name: Some("shop.local".into()), ..check }.target(),
            "shop.local at shop:443"
        );
    }
}
