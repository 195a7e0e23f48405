//! Asking a PostgreSQL server.

mod number;

use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_postgres::{Client, Config, NoTls, config::SslMode, tls::TlsConnect};
use tokio_util::task::AbortOnDropHandle;

use number::Number;

use crate::{
    connection::{address, cause, describe, open, tls_connector},
    outcome::Measurements,
};

/// Where to ask.
pub(crate) struct Server<'a> {
    /// Host name, address or socket folder.
    pub(crate) host: &'a str,
    /// Port.
    pub(crate) port: u16,
    /// Database.
    pub(crate) database: &'a str,
    /// User.
    pub(crate) user: &'a str,
    /// Whether the connection must be encrypted.
    pub(crate) tls: bool,
}

/// Connects and runs `query` once, in a read-only transaction that the server itself ends after `limit`.
/// Notes `connect_seconds` (until logged in), `query_seconds` and `value`, the first column of the first
/// row if it is a number.
pub(crate) async fn probe(
    server: &Server<'_>,
    query: &str,
    password: Option<&str>,
    limit: Duration,
    measurements: &mut Measurements,
) -> Result<String, String> {
    let started = Instant::now();
    let (mut client, _connection) = connect(server, password, measurements).await?;
    measurements.insert("connect_seconds".into(), started.elapsed().as_secs_f64());
    let asked = Instant::now();
    let answer = run(&mut client, query, limit).await.map_err(|error| explain(&error, server))?;
    measurements.insert("query_seconds".into(), asked.elapsed().as_secs_f64());
    Ok(match answer {
        Answer::NoRow => "the query gave no row".to_owned(),
        Answer::Row(None) => "the query was answered".to_owned(),
        Answer::Row(Some(value)) => {
            measurements.insert("value".into(), value);
            format!("the query gave {value}")
        }
    })
}

async fn connect(
    server: &Server<'_>,
    password: Option<&str>,
    measurements: &mut Measurements,
) -> Result<(Client, AbortOnDropHandle<()>), String> {
    let mut config = Config::new();
    config.user(server.user).dbname(server.database).application_name("binnacle");
    if let Some(password) = password {
        config.password(password);
    }
    #[cfg(unix)]
    if server.host.starts_with('/') {
        let path = format!("{}/.s.PGSQL.{}", server.host, server.port);
        let socket = tokio::net::UnixStream::connect(&path).await.map_err(|error| describe(&error, &path))?;
        config.ssl_mode(SslMode::Disable);
        return log_in(&config, socket, NoTls).await.map_err(|error| explain(&error, server));
    }
    let socket = open(server.host, server.port, measurements).await?;
    if server.tls {
        config.ssl_mode(SslMode::Require);
        let tls = postgres_native_tls::TlsConnector::new(tls_connector().await?, server.host);
        log_in(&config, socket, tls).await
    } else {
        config.ssl_mode(SslMode::Disable);
        log_in(&config, socket, NoTls).await
    }
    .map_err(|error| explain(&error, server))
}

async fn log_in<S, T>(
    config: &Config,
    socket: S,
    tls: T,
) -> Result<(Client, AbortOnDropHandle<()>), tokio_postgres::Error>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T: TlsConnect<S>,
    T::Stream: Send + 'static,
{
    let (client, connection) = config.connect_raw(socket, tls).await?;
    let driver = tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "connection of a check ended");
        }
    });
    Ok((client, AbortOnDropHandle::new(driver)))
}

enum Answer {
    NoRow,
    Row(Option<f64>),
}

async fn run(client: &mut Client, query: &str, limit: Duration) -> Result<Answer, tokio_postgres::Error> {
    let transaction = client.build_transaction().read_only(true).start().await?;
    transaction.batch_execute(&format!("SET LOCAL statement_timeout = {}", limit.as_millis())).await?;
    // A prepared statement is a single one, so the text cannot end the transaction and go on writing;
    // a portal hands over one row only, however many there are.
    let statement = transaction.prepare(query).await?;
    let portal = transaction.bind(&statement, &[]).await?;
    let rows = transaction.query_portal(&portal, 1).await?;
    let answer = match rows.first() {
        None => Answer::NoRow,
        Some(row) if row.is_empty() => Answer::Row(None),
        Some(row) => {
            Answer::Row(row.try_get::<_, Option<Number>>(0).ok().flatten().and_then(|number| number.0))
        }
    };
    transaction.rollback().await?;
    Ok(answer)
}

fn explain(error: &tokio_postgres::Error, server: &Server<'_>) -> String {
    let place = address(server.host, server.port);
    if let Some(said) = error.as_db_error() {
        return said.message().to_owned();
    }
    if let Some(failure) = cause::<native_tls::Error>(error) {
        return format!("encrypted connection to {place} failed: {failure}");
    }
    if let Some(failure) = cause::<std::io::Error>(error) {
        return describe(failure, &place);
    }
    if error.is_closed() {
        return format!("{place} closed the connection");
    }
    match std::error::Error::source(error).map(ToString::to_string).as_deref() {
        Some("password missing") => format!("{place} asks for a password and none is kept"),
        Some("server does not support TLS") => format!("{place} does not offer encrypted connections"),
        Some(source) => format!("{error} at {place}: {source}"),
        None => format!("{error} at {place}"),
    }
}
