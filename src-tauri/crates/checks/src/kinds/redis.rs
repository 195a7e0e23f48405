//! Checks that connect to a Redis server and send PING.

use std::sync::Arc;

use redis::{AsyncConnectionConfig, ErrorKind, RedisConnectionInfo, RedisError, aio::MultiplexedConnection};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_util::task::AbortOnDropHandle;
use ts_rs::TS;

use crate::{
    connection::{address, cause, describe, open, server_name, tls_config, tls_failure},
    error::CheckError,
    failure::Failure,
    fields::{require, require_address},
    kind::{Kind, ProbeContext},
    network::is_loopback,
    outcome::Measurements,
    secret_target::SecretTarget,
};

/// Fields of INFO with the names of their measurements.
const INFO_FIELDS: [(&str, &str); 2] =
    [("connected_clients", "connected_clients"), ("used_memory", "used_memory_bytes")];

/// A check that connects to Redis and sends PING.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct RedisCheck {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Database number.
    pub database: u32,
    /// User, for servers with access lists.
    pub user: Option<String>,
    /// Whether the connection must be encrypted.
    pub tls: bool,
}

impl Default for RedisCheck {
    fn default() -> Self {
        Self { host: "127.0.0.1".to_owned(), port: 6379, database: 0, user: None, tls: false }
    }
}

impl Kind for RedisCheck {
    const LABEL: &'static str = "Redis";

    fn validate(&self) -> Result<(), CheckError> {
        require_address(&self.host, self.port)?;
        require(self.user.as_deref() != Some(""), || "the user is empty; leave it out instead".to_owned())
    }

    fn target(&self) -> String {
        format!("{}:{}/{}", self.host, self.port, self.database)
    }

    fn is_local(&self) -> bool {
        is_loopback(&self.host)
    }

    fn secret_target(&self) -> Option<SecretTarget> {
        let user = self.user.as_deref().unwrap_or_default();
        Some(SecretTarget::of("redis", self.tls, &self.host, self.port, user))
    }

    /// Connects, logs in if there is a password, selects the database and sends PING. Measures
    /// `connect_seconds` (until logged in), `ping_seconds` and, where the server permits INFO,
    /// `connected_clients` and `used_memory_bytes`.
    async fn probe(
        &self,
        context: ProbeContext<'_>,
        measurements: &mut Measurements,
    ) -> Result<String, Failure> {
        let started = context.clock.instant();
        let socket = open(&self.host, self.port, context.clock, measurements).await?;
        let server = address(&self.host, self.port);
        let (mut connection, _driver) = if self.tls {
            let socket = TlsConnector::from(Arc::new(tls_config().await?))
                .connect(server_name(&self.host)?, socket)
                .await
                .map_err(|error| {
                    tls_failure(&error, &server).map_or_else(|| describe(&error, &server), Failure::from)
                })?;
            log_in(self, context.secret, socket).await
        } else {
            log_in(self, context.secret, socket).await
        }
        .map_err(|error| explain(&error, &server))?;
        measurements.insert("connect_seconds".into(), (context.clock.instant() - started).as_secs_f64());
        let sent = context.clock.instant();
        let answer: String = redis::cmd("PING")
            .query_async(&mut connection)
            .await
            .map_err(|error| explain(&error, &server))?;
        measurements.insert("ping_seconds".into(), (context.clock.instant() - sent).as_secs_f64());
        if let Ok(info) = redis::cmd("INFO").query_async::<String>(&mut connection).await {
            measure_info(&info, measurements);
        }
        Ok(format!("answered {answer}"))
    }
}

async fn log_in<S>(
    check: &RedisCheck,
    password: Option<&str>,
    socket: S,
) -> Result<(MultiplexedConnection, AbortOnDropHandle<()>), RedisError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    // Some access lists refuse the command that names the library to the server.
    let mut login = RedisConnectionInfo::default().set_db(i64::from(check.database)).set_skip_set_lib_name();
    if let Some(user) = &check.user {
        login = login.set_username(user);
    }
    if let Some(password) = password {
        login = login.set_password(password);
    }
    // The attempt as a whole is bounded; a limit of the library's own would cut it short.
    let config = AsyncConnectionConfig::new().set_response_timeout(None).set_connection_timeout(None);
    let (connection, driver) = MultiplexedConnection::new_with_config(&login, socket, config).await?;
    Ok((connection, AbortOnDropHandle::new(tokio::spawn(driver))))
}

fn measure_info(info: &str, measurements: &mut Measurements) {
    for line in info.lines() {
        let Some((field, value)) = line.split_once(':') else { continue };
        let field = INFO_FIELDS.iter().find(|(name, _)| *name == field);
        if let (Some((_, measurement)), Ok(value)) = (field, value.trim().parse()) {
            measurements.insert((*measurement).to_owned(), value);
        }
    }
}

fn explain(error: &RedisError, server: &str) -> Failure {
    if let Some(failure) = cause::<std::io::Error>(error) {
        return describe(failure, server);
    }
    if error.kind() == ErrorKind::AuthenticationFailed || error.code() == Some("WRONGPASS") {
        return format!("{server} refused the user or the password").into();
    }
    if error.code() == Some("NOAUTH") {
        return format!("{server} requires a password and none is stored").into();
    }
    if error.is_connection_dropped() {
        return format!("{server} closed the connection").into();
    }
    match (error.code(), error.detail()) {
        (Some(code), Some(detail)) => format!("{server} answered {code} {detail}"),
        (None, Some(detail)) => format!("{server} answered: {detail}"),
        _ => format!("no valid answer from {server}: {}", error.category()),
    }
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_two_fields_of_info() {
        let mut measurements = Measurements::new();
        measure_info(
            "# Clients\r\nconnected_clients:3\r\nused_memory:1024\r\nused_memory_human:1K\r\n",
            &mut measurements,
        );
        assert_eq!(
            measurements,
            Measurements::from([("connected_clients".into(), 3.0), ("used_memory_bytes".into(), 1024.0)])
        );
    }
}
