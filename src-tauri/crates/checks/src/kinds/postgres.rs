//! Checks that connect to a PostgreSQL server and run a query.

mod number;

use std::time::Duration;

use number::Number;
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_postgres::{
    Client, Config, NoTls,
    config::SslMode,
    tls::{MakeTlsConnect, TlsConnect},
};
use tokio_postgres_rustls::MakeRustlsConnect;
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

/// A check that connects to PostgreSQL and runs a query.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct PostgresCheck {
    /// Host name, address or socket folder.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Database.
    pub database: String,
    /// User.
    pub user: String,
    /// The query. The first column of its first row is a measurement if it is a number.
    pub query: String,
    /// Whether the connection must be encrypted.
    pub tls: bool,
}

impl Default for PostgresCheck {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            port: 5432,
            database: "postgres".to_owned(),
            user: "postgres".to_owned(),
            query: "SELECT 1".to_owned(),
            tls: false,
        }
    }
}

impl Kind for PostgresCheck {
    const LABEL: &'static str = "PostgreSQL";

    fn validate(&self) -> Result<(), CheckError> {
        require_address(&self.host, self.port)?;
        require(!self.database.trim().is_empty(), || "the database is empty".to_owned())?;
        require(!self.user.trim().is_empty(), || "the user is empty".to_owned())?;
        require(!self.query.trim().is_empty(), || "the query is empty".to_owned())
    }

    fn target(&self) -> String {
        format!("{}:{}/{}", self.host, self.port, self.database)
    }

    fn is_local(&self) -> bool {
        self.host.starts_with('/') || is_loopback(&self.host)
    }

    fn secret_target(&self) -> Option<SecretTarget> {
        Some(SecretTarget::of("postgres", self.tls, &self.host, self.port, &self.user))
    }

    /// Connects and runs the query once, in a read-only transaction that the server itself ends
    /// after the timeout. Measures `connect_seconds` (until logged in), `query_seconds` and
    /// `value`, the first column of the first row if it is a number.
    async fn probe(
        &self,
        context: ProbeContext<'_>,
        measurements: &mut Measurements,
    ) -> Result<String, Failure> {
        let started = context.clock.instant();
        let (mut client, _connection) = connect(self, context, measurements).await?;
        measurements.insert("connect_seconds".into(), (context.clock.instant() - started).as_secs_f64());
        let sent = context.clock.instant();
        let answer =
            run(&mut client, &self.query, context.timeout).await.map_err(|error| explain(&error, self))?;
        measurements.insert("query_seconds".into(), (context.clock.instant() - sent).as_secs_f64());
        Ok(match answer {
            Answer::NoRow => "the query gave no row".to_owned(),
            Answer::Row(None) => "the query was answered".to_owned(),
            Answer::Row(Some(value)) => {
                measurements.insert("value".into(), value);
                format!("the query gave {}", model::number_text(value))
            }
        })
    }
}

async fn connect(
    check: &PostgresCheck,
    context: ProbeContext<'_>,
    measurements: &mut Measurements,
) -> Result<(Client, AbortOnDropHandle<()>), Failure> {
    let mut config = Config::new();
    config.user(&check.user).dbname(&check.database).application_name("binnacle");
    if let Some(password) = context.secret {
        config.password(password);
    }
    #[cfg(unix)]
    if check.host.starts_with('/') {
        let path = format!("{}/.s.PGSQL.{}", check.host, check.port);
        let socket = tokio::net::UnixStream::connect(&path).await.map_err(|error| describe(&error, &path))?;
        config.ssl_mode(SslMode::Disable);
        return log_in(&config, socket, NoTls).await.map_err(|error| explain(&error, check));
    }
    let socket = open(&check.host, check.port, context.clock, measurements).await?;
    if check.tls {
        config.ssl_mode(SslMode::Require);
        server_name(&check.host)?;
        let mut tls = MakeRustlsConnect::new(tls_config().await?);
        let connector = MakeTlsConnect::<TcpStream>::make_tls_connect(&mut tls, &check.host)
            .map_err(|error| format!("cannot prepare an encrypted connection: {error}"))?;
        log_in(&config, socket, connector).await
    } else {
        config.ssl_mode(SslMode::Disable);
        log_in(&config, socket, NoTls).await
    }
    .map_err(|error| explain(&error, check))
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

async fn run(client: &mut Client, query: &str, timeout: Duration) -> Result<Answer, tokio_postgres::Error> {
    let transaction = client.build_transaction().read_only(true).start().await?;
    transaction.batch_execute(&format!("SET LOCAL statement_timeout = {}", timeout.as_millis())).await?;
    // A prepared statement is a single one, so the text cannot end the transaction and go on
    // writing; a portal hands over one row only, however many there are.
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

fn explain(error: &tokio_postgres::Error, check: &PostgresCheck) -> Failure {
    let server = address(&check.host, check.port);
    if let Some(error) = error.as_db_error() {
        return error.message().into();
    }
    if let Some(failure) = tls_failure(error, &server) {
        return failure.into();
    }
    if let Some(failure) = cause::<std::io::Error>(error) {
        return describe(failure, &server);
    }
    if error.is_closed() {
        return format!("{server} closed the connection").into();
    }
    match std::error::Error::source(error).map(ToString::to_string).as_deref() {
        Some("password missing") => format!("{server} requires a password and none is stored"),
        Some("server does not support TLS") => format!("{server} does not offer encrypted connections"),
        Some(source) => format!("{error} at {server}: {source}"),
        None => format!("{error} at {server}"),
    }
    .into()
}
