//! Certificates for servers of this machine, signed by an authority that is made for the test.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

/// A certificate and its key, as files in PEM.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// The certificate.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// An authority that nobody trusts who is not told to.
#[derive(Debug)]
pub struct Authority(TempDir);

impl Authority {
    /// Makes one.
    pub fn new() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("binnacle-authority-").tempdir()?;
        openssl(
            folder.path(),
            &format!("{NEW_KEY} -x509 -days 2 -keyout ca.key -out ca.pem -subj /CN=authority"),
        )?;
        Ok(Self(folder))
    }

    /// Its own certificate, which those need who shall trust it.
    pub fn certificate(&self) -> PathBuf {
        self.0.path().join("ca.pem")
    }

    /// Signs a certificate for `subject` (such as `IP:127.0.0.1`) that ends after so many days, which may be less than
    /// none. `name` is that of its files.
    pub fn sign(&self, name: &str, subject: &str, days: i32) -> Result<Certificate> {
        let folder = self.0.path();
        openssl(folder, &format!("{NEW_KEY} -keyout {name}.key -out {name}.csr -subj /CN={name}"))?;
        fs::write(folder.join("names"), format!("subjectAltName={subject}\n"))?;
        let by = "-CA ca.pem -CAkey ca.key -CAcreateserial -extfile names";
        openssl(folder, &format!("x509 -req -days {days} -in {name}.csr {by} -out {name}.pem"))?;
        Ok(Certificate {
            certificate: folder.join(format!("{name}.pem")),
            key: folder.join(format!("{name}.key")),
        })
    }
}

const NEW_KEY: &str = "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";

fn openssl(folder: &Path, arguments: &str) -> Result<()> {
    let output = Command::new("openssl").args(arguments.split(' ')).current_dir(folder).output();
    let output = output.context("cannot start openssl; the package `openssl` has it")?;
    ensure!(output.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
