//! Targets behind TLS and a password: a real nginx with certificates made for the test.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use crate::common::{Bench, value, wait_until};
use collect::{PullHandles, run_scrape};
use config::{Authorization, BasicAuth, HttpDiscovery, ScrapeTarget, Tls};
use runtime::Clock;

fn openssl(folder: &Path, arguments: &str) {
    let output = Command::new("openssl").args(arguments.split(' ')).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Creates an authority, its certificate for the server `metrics.internal`, and one for a client.
fn certificates(folder: &Path) {
    let new = "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(folder, &format!("{new} -x509 -days 2 -keyout ca.key -out ca.pem -subj /CN=authority"));
    for name in ["metrics.internal", "client"] {
        openssl(folder, &format!("{new} -keyout {name}.key -out {name}.csr -subj /CN={name}"));
        fs::write(folder.join("names"), format!("subjectAltName=DNS:{name}\n")).unwrap();
        openssl(
            folder,
            &format!(
                "x509 -req -days 2 -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile names -out {name}.pem"
            ),
        );
    }
}

struct Nginx {
    process: Child,
    folder: PathBuf,
    port: u16,
    /// The port that requires a client certificate.
    strict_port: u16,
    /// The port that requires a client certificate and speaks TLS 1.2 only.
    old_port: u16,
}

impl Nginx {
    async fn start(folder: &Path) -> Self {
        certificates(folder);
        let port = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (port, strict_port, old_port) = (port(), port(), port());
        let strict = format!("ssl_verify_client on; ssl_client_certificate {}/ca.pem;", folder.display());
        fs::write(folder.join("metrics"), "a 1\n").unwrap();
        fs::write(folder.join("users"), "scraper:{PLAIN}s3cret pass\n").unwrap();
        let shown = folder.display();
        let server = |port: u16, more: &str| {
            format!(
                "server {{ listen 127.0.0.1:{port} ssl; root {shown}; default_type text/plain;\n\
                 ssl_certificate {shown}/metrics.internal.pem; ssl_certificate_key {shown}/metrics.internal.key;\n\
                 {more} }}\n"
            )
        };
        let settings = format!(
            "daemon off; master_process off; pid {shown}/pid; error_log {shown}/error.log;\nevents {{}}\n\
             http {{ access_log {shown}/access.log; client_body_temp_path {shown}/body; proxy_temp_path {shown}/proxy;\n\
             fastcgi_temp_path {shown}/fastcgi; uwsgi_temp_path {shown}/uwsgi; scgi_temp_path {shown}/scgi;\n\
             {}{}{} }}\n",
            server(port, &format!("auth_basic metrics; auth_basic_user_file {shown}/users;")),
            server(strict_port, &format!("{strict} ssl_protocols TLSv1.2 TLSv1.3;")),
            server(old_port, &format!("{strict} ssl_protocols TLSv1.2;")),
        );
        fs::write(folder.join("nginx.conf"), settings).unwrap();
        let process = Command::new("/usr/sbin/nginx")
            .arg("-c")
            .arg(folder.join("nginx.conf"))
            .stderr(Stdio::null())
            .spawn()
            .expect("nginx is installed");
        let accepts = async || tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok();
        wait_until("nginx answers", accepts).await;
        Self { process, folder: folder.to_owned(), port, strict_port, old_port }
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    fn tls(&self) -> Tls {
        Tls { ca_file: self.path("ca.pem"), server_name: "metrics.internal".into(), ..Tls::default() }
    }

    /// Returns the settings of a client with the certificate and the key of these names.
    fn client(&self, certificate: &str, key: &str) -> Tls {
        Tls { cert_file: self.path(certificate), key_file: self.path(key), ..self.tls() }
    }

    fn target(&self, port: u16, tls: Tls) -> ScrapeTarget {
        let mut target = ScrapeTarget::new("nginx", &format!("https://127.0.0.1:{port}/metrics"));
        target.tls_config = Some(tls);
        target
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Returns `up` of the first scrape, and the message of the component.
async fn scrape(target: ScrapeTarget) -> (Option<f64>, String) {
    let mut bench = Bench::new();
    let (store, reporter, stop) = (bench.store.clone(), bench.reporter.clone(), bench.stop.clone());
    bench.run(run_scrape(target, PullHandles::new(store, Clock::system()), None, reporter, stop));
    let status = bench.first_status().await;
    let up = match status.message.as_str() {
        message if message.starts_with("no targets") || message.contains("/list: ") => None,
        _ => Some(value(&bench.next_commit().await, "up")),
    };
    bench.stop().await;
    (up, status.message)
}

#[tokio::test]
async fn certificates_and_passwords_are_used_and_never_reported() {
    let folder = tempfile::tempdir().unwrap();
    let nginx = Nginx::start(folder.path()).await;
    let private = |name: &str, text: &str| {
        runtime::replace_private_file(&folder.path().join(name), text.as_bytes()).unwrap();
    };
    private("password", "s3cret pass\n");
    private("wrong", "wr0ng\n");
    let with_password = |tls: Tls, file: &str| ScrapeTarget {
        basic_auth: Some(BasicAuth { username: "scraper".into(), password_file: nginx.path(file) }),
        ..nginx.target(nginx.port, tls)
    };
    assert_eq!(scrape(with_password(nginx.tls(), "password")).await, (Some(1.0), String::new()));
    let careless = Tls { insecure_skip_verify: true, ..Tls::default() };
    assert_eq!(scrape(with_password(careless.clone(), "password")).await.0, Some(1.0));

    fs::write(folder.path().join("list"), format!(r#"[{{"targets":["127.0.0.1:{}"]}}]"#, nginx.port))
        .unwrap();
    let listed = |tls: Tls| {
        let target = with_password(nginx.tls(), "password");
        let page = HttpDiscovery {
            url: format!("https://127.0.0.1:{}/list", nginx.port),
            refresh_interval: "1h".into(),
            basic_auth: target.basic_auth.clone(),
            authorization: None,
            tls_config: Some(tls),
            follow_redirects: true,
        };
        ScrapeTarget { url: String::new(), scheme: "https".into(), http_sd_configs: vec![page], ..target }
    };
    let mut bench = Bench::new();
    let (store, reporter, stop) = (bench.store.clone(), bench.reporter.clone(), bench.stop.clone());
    bench.run(run_scrape(
        listed(nginx.tls()),
        PullHandles::new(store, Clock::system()),
        None,
        reporter,
        stop,
    ));
    assert_eq!(value(&bench.next_commit().await, "up"), 1.0);
    bench.stop().await;
    let (_, message) = scrape(listed(Tls::default())).await;
    assert!(message.contains("/list: cannot be reached") && message.contains("certificate"), "{message}");

    let other_name = Tls { server_name: "other.internal".into(), ..nginx.tls() };
    let token = ScrapeTarget {
        authorization: Some(Authorization { kind: "Bearer".into(), credentials_file: nginx.path("wrong") }),
        ..nginx.target(nginx.port, nginx.tls())
    };
    for (target, up, expected) in [
        (with_password(nginx.tls(), "wrong"), Some(0.0), "401"),
        (with_password(nginx.tls(), "none"), Some(0.0), "cannot read the secret"),
        (token, Some(0.0), "401"),
        (nginx.target(nginx.port, nginx.tls()), Some(0.0), "401"),
        (with_password(Tls::default(), "password"), Some(0.0), "certificate"),
        (with_password(other_name, "password"), Some(0.0), "certificate"),
        (nginx.target(nginx.strict_port, nginx.tls()), Some(0.0), "400"),
        (with_password(Tls { ca_file: nginx.path("none.pem"), ..nginx.tls() }, "password"), None, "none.pem"),
        (
            with_password(Tls { ca_file: nginx.path("metrics"), ..nginx.tls() }, "password"),
            None,
            "no certificate",
        ),
    ] {
        let (was, message) = scrape(target).await;
        assert!(was == up && message.contains(expected), "{expected}: {was:?} {message}");
        assert!(!message.contains("s3cret") && !message.contains("wr0ng"), "{message}");
    }
}

/// Creates a key by a command of openssl, and a certificate of the authority for it.
fn client_certificate(folder: &Path, name: &str, command: &str) {
    openssl(folder, &format!("{command} -out {name}.key"));
    let password = "-passin pass:s3cret";
    openssl(folder, &format!("req -new -key {name}.key {password} -out {name}.csr -subj /CN={name}"));
    let by = "-CA ca.pem -CAkey ca.key -CAcreateserial";
    openssl(folder, &format!("x509 -req -days 2 -in {name}.csr {by} -extfile names -out {name}.pem"));
}

#[tokio::test]
async fn client_keys_of_every_format_are_used() {
    let folder = tempfile::tempdir().unwrap();
    let nginx = Nginx::start(folder.path()).await;
    // The first line of the file shows the format.
    for (command, first_line) in [
        ("genrsa -traditional", "-----BEGIN RSA PRIVATE KEY-----"),
        ("genrsa", "-----BEGIN PRIVATE KEY-----"),
        ("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072", "-----BEGIN PRIVATE KEY-----"),
        ("ecparam -genkey -noout -name prime256v1", "-----BEGIN EC PRIVATE KEY-----"),
        ("ecparam -genkey -noout -name secp384r1", "-----BEGIN EC PRIVATE KEY-----"),
        ("ecparam -genkey -name prime256v1", "-----BEGIN EC PARAMETERS-----"),
        ("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp384r1", "-----BEGIN PRIVATE KEY-----"),
        ("genpkey -algorithm ED25519", "-----BEGIN PRIVATE KEY-----"),
    ] {
        client_certificate(folder.path(), "own", command);
        let key = fs::read_to_string(folder.path().join("own.key")).unwrap();
        assert_eq!(key.lines().next(), Some(first_line), "{command}");
        for port in [nginx.strict_port, nginx.old_port] {
            let target = nginx.target(port, nginx.client("own.pem", "own.key"));
            assert_eq!(scrape(target).await, (Some(1.0), String::new()), "{command}");
        }
    }
    // Certificate and key may be in one file.
    let both = ["own.key", "own.pem"].map(|name| fs::read_to_string(folder.path().join(name)).unwrap());
    runtime::replace_private_file(&folder.path().join("both.pem"), both.concat().as_bytes()).unwrap();
    let target = nginx.target(nginx.strict_port, nginx.client("both.pem", "both.pem"));
    assert_eq!(scrape(target).await, (Some(1.0), String::new()));

    // Without extensions, openssl makes a certificate of version 1.
    let first_version = "x509 -req -days 2 -in own.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out old.pem";
    openssl(folder.path(), first_version);
    let (up, message) = scrape(nginx.target(nginx.strict_port, nginx.client("old.pem", "own.key"))).await;
    assert!(up.is_none() && message.contains("UnsupportedCertVersion"), "{up:?} {message}");
    client_certificate(folder.path(), "other", "genrsa");
    let stranger = nginx.target(nginx.strict_port, nginx.client("own.pem", "other.key"));
    let (up, message) = scrape(stranger).await;
    assert!(up != Some(1.0) && !message.is_empty(), "{up:?} {message}");
    for (command, expected) in [
        ("genrsa -traditional -aes256 -passout pass:s3cret", "the key is encrypted"),
        ("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -aes256 -pass pass:s3cret", "is encrypted"),
        ("ecparam -genkey -noout -name secp521r1", "cannot"),
    ] {
        client_certificate(folder.path(), "unusable", command);
        let target = nginx.target(nginx.strict_port, nginx.client("unusable.pem", "unusable.key"));
        let (up, message) = scrape(target).await;
        assert!(up.is_none() && message.contains(expected), "{command}: {up:?} {message}");
    }
}

#[tokio::test]
async fn versions_of_tls_before_1_2_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let nginx = Nginx::start(folder.path()).await;
    for (version, port, up, expected) in [
        ("", nginx.old_port, Some(1.0), ""),
        ("TLS12", nginx.old_port, Some(1.0), ""),
        ("TLS12", nginx.strict_port, Some(1.0), ""),
        ("TLS13", nginx.strict_port, Some(1.0), ""),
        ("TLS13", nginx.old_port, Some(0.0), "cannot be reached"),
        ("TLS10", nginx.strict_port, None, "only TLS 1.2 and 1.3 are supported"),
        ("TLS11", nginx.strict_port, None, "only TLS 1.2 and 1.3 are supported"),
        ("SSL3", nginx.strict_port, None, "SSL3 is not a version of TLS"),
    ] {
        let tls = Tls { min_version: version.into(), ..nginx.client("client.pem", "client.key") };
        let (was, message) = scrape(nginx.target(port, tls)).await;
        assert!(was == up && message.contains(expected), "{version} on {port}: {was:?} {message}");
    }
}
