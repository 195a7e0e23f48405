//! A real nginx that serves one short text over TLS.

use std::{fs, process::Child, process::Command};

use anyhow::Result;
use tempfile::TempDir;

use crate::{
    certificates::Certificate,
    servers::{free_port, spawn, wait_for_start},
};

/// A running server, ended when dropped.
pub struct Nginx {
    /// Holds the settings and the log.
    _folder: TempDir,
    port: u16,
    process: Option<Child>,
}

impl Nginx {
    /// Starts a server that answers `text` at every path under a certificate.
    pub fn start(certificate: &Certificate, text: &str) -> Result<Self> {
        Self::start_with(certificate, text, "")
    }

    /// Starts such a server with further directives.
    pub fn start_with(certificate: &Certificate, text: &str, directives: &str) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("binnacle-nginx-").tempdir()?;
        let (port, root) = (free_port()?, folder.path().display());
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {root}/{kind};\n"))
            .concat();
        let settings = format!(
            "daemon off; master_process off; pid {root}/pid; error_log {root}/error.log;\nevents {{}}\n\
             http {{ access_log off;\n{temporary}server {{ listen 127.0.0.1:{port} ssl; default_type text/plain;\n\
             ssl_certificate {}; ssl_certificate_key {};\n{directives}\nreturn 200 '{text}'; }} }}\n",
            certificate.certificate.display(),
            certificate.key.display(),
        );
        let file = folder.path().join("nginx.conf");
        fs::write(&file, settings)?;
        let mut command = Command::new("/usr/sbin/nginx");
        command.arg("-c").arg(&file);
        let log = folder.path().join("log");
        let mut process = Some(spawn(command, &log)?);
        wait_for_start(&mut process, &log, || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok())?;
        Ok(Self { _folder: folder, port, process })
    }

    /// Returns its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            // It may have ended by itself.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}
