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
    /// The certificate, followed by those of its issuers below the authority.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// A certificate authority that no system trust store contains.
#[derive(Debug)]
pub struct Authority(TempDir);

impl Authority {
    /// Creates an authority with a new key.
    pub fn new() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("binnacle-authority-").tempdir()?;
        openssl(
            folder.path(),
            &format!("{NEW_KEY} -x509 -days 2 -keyout ca.key -out ca.pem -subj /CN=authority"),
        )?;
        Ok(Self(folder))
    }

    /// Returns the folder of all its files.
    pub fn folder(&self) -> &Path {
        self.0.path()
    }

    /// Returns the path of the authority's certificate, for clients that trust it.
    pub fn certificate(&self) -> PathBuf {
        self.0.path().join("ca.pem")
    }

    /// Signs a certificate for `subject` (such as `IP:127.0.0.1`) that expires after `days`.
    ///
    /// Negative `days` give an expired certificate. `name` is the stem of its files.
    pub fn sign(&self, name: &str, subject: &str, days: i32) -> Result<Certificate> {
        sign(self.folder(), "ca", name, &format!("subjectAltName={subject}"), days)
    }

    /// Signs a certificate that is valid between two times, written as `20300101000000Z`.
    pub fn sign_between(&self, name: &str, subject: &str, start: &str, end: &str) -> Result<Certificate> {
        let folder = self.folder();
        request(folder, name, &format!("subjectAltName={subject}"))?;
        fs::write(folder.join("index.txt"), "")?;
        fs::write(folder.join("serial"), "1000\n")?;
        let settings = "[ca]\ndefault_ca=own\n[own]\ndatabase=index.txt\nserial=serial\nnew_certs_dir=.\n\
                        default_md=sha256\npolicy=policy\n[policy]\ncommonName=supplied\n";
        fs::write(folder.join("ca.cnf"), settings)?;
        let by = "-cert ca.pem -keyfile ca.key -extfile extensions -notext";
        let dates = format!("-startdate {start} -enddate {end}");
        openssl(folder, &format!("ca -batch -config ca.cnf {by} {dates} -in {name}.csr -out {name}.pem"))?;
        Ok(files(folder, name))
    }

    /// Signs the certificate of an authority below this one.
    pub fn intermediate(&self, name: &str, days: i32) -> Result<Certificate> {
        let extensions = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign";
        sign(self.folder(), "ca", name, extensions, days)
    }
}

impl Certificate {
    /// Signs a certificate with this one. Its file holds both.
    pub fn sign(&self, name: &str, subject: &str, days: i32) -> Result<Self> {
        let folder = self.key.parent().context("a key is in a folder")?;
        let by = self.key.file_stem().context("a key has a name")?.to_string_lossy();
        let signed = sign(folder, &by, name, &format!("subjectAltName={subject}"), days)?;
        let chain = fs::read_to_string(&signed.certificate)? + &fs::read_to_string(&self.certificate)?;
        fs::write(&signed.certificate, chain)?;
        Ok(signed)
    }

    /// Creates a certificate that signs itself, as `openssl req -x509` does by default.
    pub fn self_signed(folder: &Path, name: &str, subject: &str, days: i32) -> Result<Self> {
        request(folder, name, &format!("subjectAltName={subject}\nbasicConstraints=critical,CA:TRUE"))?;
        let by = format!("-signkey {name}.key -extfile extensions");
        openssl(folder, &format!("x509 -req -days {days} -in {name}.csr {by} -out {name}.pem"))?;
        Ok(files(folder, name))
    }
}

const NEW_KEY: &str = "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";

/// Creates a key and a request, and writes the extensions of the certificate.
fn request(folder: &Path, name: &str, extensions: &str) -> Result<()> {
    openssl(folder, &format!("{NEW_KEY} -keyout {name}.key -out {name}.csr -subj /CN={name}"))?;
    Ok(fs::write(folder.join("extensions"), format!("{extensions}\n"))?)
}

fn sign(folder: &Path, by: &str, name: &str, extensions: &str, days: i32) -> Result<Certificate> {
    request(folder, name, extensions)?;
    let by = format!("-CA {by}.pem -CAkey {by}.key -CAcreateserial -extfile extensions");
    openssl(folder, &format!("x509 -req -days {days} -in {name}.csr {by} -out {name}.pem"))?;
    Ok(files(folder, name))
}

fn files(folder: &Path, name: &str) -> Certificate {
    Certificate { certificate: folder.join(format!("{name}.pem")), key: folder.join(format!("{name}.key")) }
}

fn openssl(folder: &Path, arguments: &str) -> Result<()> {
    let output = Command::new("openssl").args(arguments.split(' ')).current_dir(folder).output();
    let output = output.context("cannot start openssl; install the package `openssl`")?;
    ensure!(output.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
