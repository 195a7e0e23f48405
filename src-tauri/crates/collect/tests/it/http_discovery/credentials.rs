//! Credentials of discovery by HTTP, in files and in a prometheus.yml.

use std::{fs, path::Path};

use collect::{PullHandles, run_prometheus_file};
use config::{Authorization, BasicAuth, HttpDiscovery, PrometheusFile};
use runtime::Clock;

use super::{Answer, Server, job, start, target, until, wait_for_message};
use crate::common::Bench;

fn write_private(path: &Path, secret: &str) {
    runtime::replace_private_file(path, secret.as_bytes()).unwrap();
}

fn basic(folder: &Path) -> BasicAuth {
    BasicAuth { username: "u".into(), password_file: folder.join("password").display().to_string() }
}

#[tokio::test]
async fn credentials_are_read_again_and_never_reported() {
    let server = Server::start().await;
    let one = target().await;
    server.answers(Answer::List(format!(r#"[{{"targets":["{one}"]}}]"#)));
    let folder = tempfile::tempdir().unwrap();
    let mut bench = Bench::new();
    // A missing password, a wrong one, and the right one: base64 of `u:s3cret`.
    server.wants("Basic dTpzM2NyZXQ=");
    start(&mut bench, job(HttpDiscovery { basic_auth: Some(basic(folder.path())), ..server.settings() }));
    wait_for_message(&bench, "cannot read the secret").await;
    assert_eq!(server.requests(), 0, "nothing is requests without the password");
    write_private(&folder.path().join("password"), "wr0ng\n");
    let message = wait_for_message(&bench, "answered 401").await;
    assert!(!message.contains("wr0ng"), "{message}");
    write_private(&folder.path().join("password"), "s3cret\n");
    until(&mut bench, &one, |up| up == 1.0).await;
    // A password that other users can read is not sent.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let open = fs::Permissions::from_mode(0o644);
        fs::set_permissions(folder.path().join("password"), open).unwrap();
        let message = wait_for_message(&bench, "cannot read the secret").await;
        assert!(message.contains("chmod 600") && !message.contains("s3cret"), "{message}");
    }
    // Without the password again, the targets stay.
    write_private(&folder.path().join("password"), "wr0ng\n");
    wait_for_message(&bench, "answered 401").await;
    until(&mut bench, &one, |up| up == 1.0).await;
    bench.stop().await;

    server.wants("Token abc");
    write_private(&folder.path().join("token"), "abc");
    let authorization = Authorization {
        kind: "Token".into(),
        credentials_file: folder.path().join("token").display().to_string(),
    };
    let settings = HttpDiscovery { authorization: Some(authorization), ..server.settings() };
    let moved = format!("http://{}/moved", server.address);
    start(&mut bench, job(HttpDiscovery { url: moved.clone(), ..settings.clone() }));
    until(&mut bench, &one, |up| up == 1.0).await;
    bench.stop().await;
    start(&mut bench, job(HttpDiscovery { url: moved, follow_redirects: false, ..settings }));
    wait_for_message(&bench, "answered 307").await;
    bench.stop().await;
}

#[tokio::test]
async fn a_prometheus_yml_may_contain_credentials() {
    let server = Server::start().await;
    let one = target().await;
    server.answers(Answer::List(format!(r#"[{{"targets":["{one}"]}}]"#)));
    server.wants("Basic dTpzM2NyZXQ=");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("prometheus.yml");
    let url = format!("http://{}/targets", server.address);
    for (entry, problem) in [
        ("basic_auth: { username: u, password: s3cret }, proxy_url: 'http://p:1'", ""),
        ("basic_auth: { username: u, password_file: password }", ""),
        ("basic_auth: { username: u, password: wr0ng }", "answered 401"),
        ("bearer_token: wr0ng", "answered 401"),
        ("oauth2: { client_secret: wr0ng }", "dropped"),
        ("basic_auth: { username: u, password: wr0ng }, bearer_token: wr0ng", "only one of"),
        ("tls_config: { ca_file: ca.pem }", "cannot read"),
    ] {
        write_private(&folder.path().join("password"), "s3cret\n");
        fs::write(
            &file,
            format!(
                "global: {{ scrape_interval: 1s }}\nscrape_configs:\n  - job_name: listed\n    \
                 http_sd_configs: [{{ url: '{url}', refresh_interval: 1s, {entry} }}]\n"
            ),
        )
        .unwrap();
        let mut bench = Bench::new();
        let settings = PrometheusFile { file: file.display().to_string() };
        let (store, reporter, stop) = (bench.store.clone(), bench.reporter.clone(), bench.stop.clone());
        bench.run(run_prometheus_file(
            settings,
            PullHandles::new(store, Clock::system()),
            None,
            reporter,
            stop,
        ));
        if problem.is_empty() {
            until(&mut bench, &one, |up| up == 1.0).await;
        } else {
            let message = wait_for_message(&bench, problem).await;
            assert!(!message.contains("wr0ng"), "{message}");
        }
        bench.stop().await;
    }
}
