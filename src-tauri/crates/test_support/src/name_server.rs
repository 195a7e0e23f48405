//! A real name server (dnsmasq) for tests.

use std::{
    net::TcpStream,
    process::{Child, Command},
};

use anyhow::Result;
use tempfile::TempDir;

use crate::servers::{free_port, spawn, wait_for_start};

/// The server, ended when dropped.
pub struct NameServer {
    _folder: TempDir,
    port: u16,
    process: Option<Child>,
}

impl NameServer {
    /// Starts a server that answers for the domain `test` from `records`, which are options of
    /// dnsmasq, and forwards nothing.
    pub fn start(records: &[&str]) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("binnacle-dns-").tempdir()?;
        let port = free_port()?;
        let mut command = Command::new("/usr/sbin/dnsmasq");
        command
            .args(["--keep-in-foreground", "--no-resolv", "--no-hosts", "--conf-file=/dev/null"])
            .args(["--bind-interfaces", "--listen-address=127.0.0.1", "--local=/test/"])
            .args(["--log-facility=-", "--user=root", "--pid-file="])
            .arg(format!("--port={port}"))
            .args(records);
        let log = folder.path().join("log");
        let mut process = Some(spawn(command, &log)?);
        wait_for_start(&mut process, &log, || TcpStream::connect(("127.0.0.1", port)).is_ok())?;
        Ok(Self { _folder: folder, port, process })
    }

    /// Returns its address with its port.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            // It may have ended by itself.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}
