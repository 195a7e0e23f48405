//! Real servers for tests. Each listens on a free port of 127.0.0.1 and stores its data in a
//! temporary folder. Dropping one ends it and removes the folder.

use std::{
    fs::File,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

use crate::{certificates::Certificate, wait::wait_for_blocking};

/// Time that a server gets to end before it is killed.
const STOP_TIMEOUT: Duration = Duration::from_secs(20);

/// Finds a port of 127.0.0.1 on which no program listens.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// A PostgreSQL server with the superuser `postgres`, the database `postgres` and password
/// authentication by SCRAM-SHA-256.
pub struct Postgres {
    folder: TempDir,
    password: String,
    port: u16,
    is_encrypted: bool,
    process: Option<Child>,
}

impl Postgres {
    /// Creates a new database cluster and starts it.
    pub fn start(password: &str) -> Result<Self> {
        Self::start_with(password, None)
    }

    /// Creates and starts a cluster that accepts encrypted connections under a certificate.
    pub fn start_encrypted(password: &str, certificate: &Certificate) -> Result<Self> {
        Self::start_with(password, Some(certificate))
    }

    fn start_with(password: &str, certificate: Option<&Certificate>) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("binnacle-postgres-").tempdir()?;
        if let Some(Certificate { certificate, key }) = certificate {
            // It rejects a key that others may read or own.
            for (file, name) in [(certificate, "server.crt"), (key, "server.key")] {
                std::fs::copy(file, folder.path().join(name))?;
            }
            let closed = Command::new("chmod").arg("600").arg(folder.path().join("server.key")).status()?;
            ensure!(closed.success(), "cannot close the key to others");
        }
        let (password, port) = (password.to_owned(), free_port()?);
        let mut server = Self { folder, password, port, is_encrypted: certificate.is_some(), process: None };
        server.create_cluster()?;
        server.start_again()?;
        Ok(server)
    }

    /// Returns the port, the same after each start.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the folder of the Unix socket.
    pub fn socket_folder(&self) -> &Path {
        self.folder.path()
    }

    /// Ends the server at once; connections break.
    pub fn stop(&mut self) {
        if let Some(process) = self.process.take() {
            end(process, "-INT");
        }
    }

    /// Starts the server again on the same port with the same data.
    pub fn start_again(&mut self) -> Result<()> {
        self.stop();
        let data = self.folder.path().join("data");
        let mut command = as_ordinary_user(&postgres_program("postgres")?);
        command.arg("-D").arg(&data).arg("-k").arg(self.folder.path());
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-c", "fsync=off"]);
        if self.is_encrypted {
            let folder = self.folder.path().display();
            command.args(["-c", "ssl=on"]);
            command.args(["-c", &format!("ssl_cert_file={folder}/server.crt")]);
            command.args(["-c", &format!("ssl_key_file={folder}/server.key")]);
        }
        self.process = Some(spawn(command, &self.folder.path().join("log"))?);
        let ready = postgres_program("pg_isready")?;
        let port = self.port.to_string();
        self.wait_until(|| {
            let status = Command::new(&ready).args(["-q", "-h", "127.0.0.1", "-p", &port]).status();
            status.is_ok_and(|status| status.success())
        })
    }

    fn create_cluster(&self) -> Result<()> {
        let folder = self.folder.path();
        let password_file = folder.join("password");
        std::fs::write(&password_file, &self.password)?;
        if is_root()? {
            let owned = Command::new("chown").arg("-R").arg("postgres").arg(folder).status()?;
            ensure!(owned.success(), "cannot hand {} to the user postgres", folder.display());
        }
        let mut command = as_ordinary_user(&postgres_program("initdb")?);
        command.arg("-D").arg(folder.join("data")).arg("--pwfile").arg(&password_file);
        command.args([
            "-U",
            "postgres",
            "--auth=scram-sha-256",
            "--no-sync",
            "--encoding=UTF8",
            "--locale=C",
        ]);
        let output = command.current_dir("/").output()?;
        ensure!(output.status.success(), "initdb: {}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }

    fn wait_until(&mut self, ready: impl Fn() -> bool) -> Result<()> {
        wait_for_start(&mut self.process, &self.folder.path().join("log"), ready)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A Redis server that requires a password.
pub struct Redis {
    folder: TempDir,
    password: String,
    port: u16,
    encrypted: Option<(u16, Certificate)>,
    process: Option<Child>,
}

impl Redis {
    /// Starts a new, empty server.
    pub fn start(password: &str) -> Result<Self> {
        Self::start_with(password, None)
    }

    /// Starts a server with a second port for encrypted connections under a certificate.
    pub fn start_encrypted(password: &str, certificate: &Certificate) -> Result<Self> {
        Self::start_with(password, Some((free_port()?, certificate.clone())))
    }

    fn start_with(password: &str, encrypted: Option<(u16, Certificate)>) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("binnacle-redis-").tempdir()?;
        let (password, port) = (password.to_owned(), free_port()?);
        let mut server = Self { folder, password, port, encrypted, process: None };
        server.start_again()?;
        Ok(server)
    }

    /// Returns the port, the same after each start.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Ends the server at once; connections break.
    pub fn stop(&mut self) {
        if let Some(process) = self.process.take() {
            end(process, "-KILL");
        }
    }

    /// Returns the port for encrypted connections, if there is one.
    pub fn encrypted_port(&self) -> Option<u16> {
        self.encrypted.as_ref().map(|(port, _)| *port)
    }

    /// Starts the server again on the same port.
    pub fn start_again(&mut self) -> Result<()> {
        self.stop();
        let mut command = Command::new("redis-server");
        command.args(["--bind", "127.0.0.1", "--port", &self.port.to_string()]);
        command.args(["--requirepass", &self.password, "--save", "", "--appendonly", "no", "--dir"]);
        command.arg(self.folder.path());
        if let Some((port, Certificate { certificate, key })) = &self.encrypted {
            command.args(["--tls-port", &port.to_string(), "--tls-auth-clients", "no", "--tls-cert-file"]);
            command.arg(certificate).arg("--tls-key-file").arg(key);
            command.arg("--tls-ca-cert-file").arg(certificate);
        }
        self.process = Some(spawn(command, &self.folder.path().join("log"))?);
        let address = SocketAddr::from(([127, 0, 0, 1], self.port));
        wait_for_start(&mut self.process, &self.folder.path().join("log"), || answers_ping(address).is_ok())
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Sends PING and succeeds on any answer: an error about the password proves a running server.
fn answers_ping(address: SocketAddr) -> Result<()> {
    let mut connection = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
    connection.set_read_timeout(Some(Duration::from_secs(1)))?;
    connection.write_all(b"PING\r\n")?;
    connection.read_exact(&mut [0; 1])?;
    Ok(())
}

/// Returns the program of the newest PostgreSQL from Debian's packages, or of the search path.
fn postgres_program(name: &str) -> Result<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin").join(name)))
        })
        .filter(|(_, program)| program.exists())
        .collect();
    found.sort();
    Ok(found.pop().map_or_else(|| PathBuf::from(name), |(_, program)| program))
}

fn is_root() -> Result<bool> {
    let output = Command::new("id").arg("-u").output().context("id")?;
    Ok(output.stdout.trim_ascii() == b"0")
}

/// Returns a command that does not run as root, which PostgreSQL refuses: root switches to the user
/// `postgres`.
fn as_ordinary_user(program: &Path) -> Command {
    if is_root().unwrap_or(false) {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    }
}

/// Starts a server whose output goes to a file.
pub(crate) fn spawn(mut command: Command, log: &Path) -> Result<Child> {
    let output = File::create(log)?;
    let errors = output.try_clone()?;
    command.current_dir("/").stdin(Stdio::null()).stdout(output).stderr(errors);
    command.spawn().with_context(|| format!("cannot start {command:?}"))
}

/// Waits until a server is ready. The error contains its log.
pub(crate) fn wait_for_start(
    process: &mut Option<Child>,
    log: &Path,
    ready: impl Fn() -> bool,
) -> Result<()> {
    let started = wait_for_blocking("the server answers", || {
        if ready() {
            return Ok(Some(None));
        }
        Ok(process.as_mut().map(Child::try_wait).transpose()?.flatten().map(Some))
    });
    let read_log = || std::fs::read_to_string(log).unwrap_or_default();
    match started.with_context(|| format!("the server's log: {}", read_log()))? {
        Some(status) => bail!("the server ended ({status}): {}", read_log()),
        None => Ok(()),
    }
}

/// Sends a signal to a server and waits for its end. Under `runuser` the server is the child.
fn end(mut process: Child, signal: &str) {
    let id = process.id().to_string();
    let children =
        Command::new("pgrep").args(["-P", &id]).output().map(|output| output.stdout).unwrap_or_default();
    let children =
        String::from_utf8_lossy(&children).split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    // A server that was started directly ends its children itself.
    let is_wrapper =
        std::fs::read_to_string(format!("/proc/{id}/comm")).is_ok_and(|name| name.trim() == "runuser");
    let targets = if is_wrapper && !children.is_empty() { children } else { vec![id.clone()] };
    let _ = Command::new("kill").arg(signal).args(&targets).status();
    let (ended, end) = mpsc::channel();
    let waiting = std::thread::spawn(move || ended.send(process.wait()).is_ok());
    if end.recv_timeout(STOP_TIMEOUT).is_err() {
        let _ = Command::new("kill").args(["-KILL", &id]).status();
        let _ = waiting.join();
    }
}
