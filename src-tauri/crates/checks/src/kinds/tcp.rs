//! Checks that open a TCP connection.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{
    connection,
    error::CheckError,
    failure::Failure,
    fields::require_address,
    kind::{Kind, ProbeContext},
    network::is_loopback,
    outcome::Measurements,
};

/// A check that opens a TCP connection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct TcpCheck {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
}

impl Default for TcpCheck {
    fn default() -> Self {
        Self { host: "127.0.0.1".to_owned(), port: 0 }
    }
}

impl Kind for TcpCheck {
    const LABEL: &'static str = "TCP port";

    fn validate(&self) -> Result<(), CheckError> {
        require_address(&self.host, self.port)
    }

    fn target(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    fn is_local(&self) -> bool {
        is_loopback(&self.host)
    }

    /// Measures `connect_seconds`, name resolution included.
    async fn probe(
        &self,
        context: ProbeContext<'_>,
        measurements: &mut Measurements,
    ) -> Result<String, Failure> {
        connection::open(&self.host, self.port, context.clock, measurements).await?;
        Ok(format!("connected to {}", connection::address(&self.host, self.port)))
    }
}
