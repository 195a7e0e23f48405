//! Asking a Redis server.

use std::time::Instant;

use redis::{AsyncConnectionConfig, ErrorKind, RedisConnectionInfo, RedisError, aio::MultiplexedConnection};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::task::AbortOnDropHandle;

use crate::{
    connection::{address, cause, describe, open, tls_connector},
    outcome::Measurements,
};

/// Fields of INFO that are kept as measurements, by the name they are kept under.
const INFO_FIELDS: [(&str, &str); 2] =
    [("connected_clients", "connected_clients"), ("used_memory", "used_memory_bytes")];

/// Where to ask.
pub(crate) struct Server<'a> {
    /// Host name or address.
    pub(crate) host: &'a str,
    /// Port.
    pub(crate) port: u16,
    /// Database number.
    pub(crate) database: u32,
    /// User, for servers with access lists.
    pub(crate) user: Option<&'a str>,
    /// Whether the connection must be encrypted.
    pub(crate) tls: bool,
}

/// Connects, logs in if there is a password, selects the database and sends PING. Notes `connect_seconds`
/// (until logged in), `ping_seconds` and, where the server permits INFO, `connected_clients` and
/// `used_memory_bytes`.
pub(crate) async fn probe(
    server: &Server<'_>,
    password: Option<&str>,
    measurements: &mut Measurements,
) -> Result<String, String> {
    let started = Instant::now();
    let socket = open(server.host, server.port, measurements).await?;
    let place = address(server.host, server.port);
    let (mut connection, _driver) = if server.tls {
        let socket = tokio_native_tls::TlsConnector::from(tls_connector().await?)
            .connect(server.host, socket)
            .await
            .map_err(|error| format!("encrypted connection to {place} failed: {error}"))?;
        log_in(server, password, socket).await
    } else {
        log_in(server, password, socket).await
    }
    .map_err(|error| explain(&error, &place))?;
    measurements.insert("connect_seconds".into(), started.elapsed().as_secs_f64());
    let asked = Instant::now();
    let answer: String =
        redis::cmd("PING").query_async(&mut connection).await.map_err(|error| explain(&error, &place))?;
    measurements.insert("ping_seconds".into(), asked.elapsed().as_secs_f64());
    if let Ok(info) = redis::cmd("INFO").query_async::<String>(&mut connection).await {
        keep_info(&info, measurements);
    }
    Ok(format!("answered {answer}"))
}

async fn log_in<S>(
    server: &Server<'_>,
    password: Option<&str>,
    socket: S,
) -> Result<(MultiplexedConnection, AbortOnDropHandle<()>), RedisError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    // Naming the library to the server is refused by some access lists and tells us nothing.
    let mut login = RedisConnectionInfo::default().set_db(i64::from(server.database)).set_skip_set_lib_name();
    if let Some(user) = server.user {
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

fn keep_info(info: &str, measurements: &mut Measurements) {
    for line in info.lines() {
        let Some((field, value)) = line.split_once(':') else { continue };
        let known = INFO_FIELDS.iter().find(|(name, _)| *name == field);
        if let (Some((_, kept_as)), Ok(value)) = (known, value.trim().parse()) {
            measurements.insert((*kept_as).to_owned(), value);
        }
    }
}

fn explain(error: &RedisError, place: &str) -> String {
    if let Some(failure) = cause::<std::io::Error>(error) {
        return describe(failure, place);
    }
    if error.kind() == ErrorKind::AuthenticationFailed || error.code() == Some("WRONGPASS") {
        return format!("{place} refused the user or the password");
    }
    if error.code() == Some("NOAUTH") {
        return format!("{place} asks for a password and none is kept");
    }
    if error.is_connection_dropped() {
        return format!("{place} closed the connection");
    }
    match (error.code(), error.detail()) {
        (Some(code), Some(detail)) => format!("{place} answered {code} {detail}"),
        (None, Some(detail)) => format!("{place} answered: {detail}"),
        _ => format!("no valid answer from {place}: {}", error.category()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_two_fields_of_info() {
        let mut measurements = Measurements::new();
        keep_info(
            "# Clients\r\nconnected_clients:3\r\nused_memory:1024\r\nused_memory_human:1K\r\n",
            &mut measurements,
        );
        assert_eq!(
            measurements,
            Measurements::from([("connected_clients".into(), 3.0), ("used_memory_bytes".into(), 1024.0)])
        );
    }
}
