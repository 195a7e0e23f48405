//! Tests of the parser.

use super::*;
use crate::scrape::{credentials::Secret, target::ScrapedTarget};

fn parsed(text: &str) -> Parsed {
    parse(text, Path::new("/etc/prometheus")).unwrap()
}

const FILE: &str = r#"
global:
  scrape_interval: 20s
  external_labels: { monitor: example }
  sample_limit: 500
alerting:
  alertmanagers:
    - static_configs: [{ targets: ['localhost:9093'] }]
rule_files: [first.yml]
remote_write: []
scrape_configs:
  - job_name: prometheus
    scrape_interval: 5s
    scrape_timeout: 4s
    static_configs:
      - targets: ['localhost:9090']
  - job_name: node
    honor_labels: true
    params:
      collect[]: [cpu, 1]
    static_configs:
      - targets: ['localhost:9100', 'other:9100']
        labels: { room: lab, rack: 7 }
    basic_auth: { username: u, password: hunter2 }
    body_size_limit: 10MB
    sample_limit: 7
    scrape_protocols: [PrometheusText0.0.4]
    relabel_configs:
      - source_labels: [__address__]
        regex: (.*):9100
        target_label: instance
    metric_relabel_configs:
      - { source_labels: [__name__], regex: go_.*, action: drop }
  - job_name: files
    file_sd_configs: [{ files: [targets/*.json, /abs/x.yml] }]
    authorization: { credentials_file: token }
    scheme: https
    tls_config: { ca_file: ca.pem }
    kubernetes_sd_configs: [{ role: pod }]
    proxy_url: http://proxy:1
"#;

#[test]
fn a_file_becomes_jobs_with_warnings_of_ignored_settings() {
    let parsed = parsed(FILE);
    let [own, node, files] = &parsed.jobs[..] else { panic!("{:?}", parsed.problems) };
    assert_eq!((own.interval.as_secs(), own.timeout.as_secs(), own.limits.samples), (5, 4, 500));
    assert_eq!((node.interval.as_secs(), node.timeout.as_secs(), node.limits.samples), (20, 10, 7));
    assert_eq!(node.max_bytes, 10 * 1024 * 1024);
    assert_eq!(node.accept, "text/plain;version=0.0.4;q=0.2,*/*;q=0.1");
    assert_eq!(
        node.client_settings.credentials,
        Credentials::Basic("u".into(), Some(Secret::Inline("hunter2".into())))
    );
    let Discovery::Static(targets) = &node.discoveries[0] else { panic!() };
    let target = ScrapedTarget::discovered(node, &targets[1]).unwrap().unwrap();
    assert_eq!(target.url.as_str(), "http://other:9100/metrics?collect%5B%5D=cpu&collect%5B%5D=1");
    assert_eq!((target.labels["instance"].as_str(), target.labels["rack"].as_str()), ("other", "7"));
    let Discovery::File(listed, every) = &files.discoveries[1] else { panic!() };
    assert_eq!(listed.files, ["/etc/prometheus/targets/*.json", "/abs/x.yml"]);
    assert_eq!(every.as_secs(), 300);
    assert_eq!(
        files.client_settings.credentials,
        Credentials::Header("Bearer".into(), Secret::File("/etc/prometheus/token".into()))
    );
    assert_eq!(files.client_settings.tls.ca_file, "/etc/prometheus/ca.pem");
    assert!(files.problems[0].contains("kubernetes_sd_configs"), "{:?}", files.problems);
    assert!(files.warnings[0].contains("proxy_url"));
    assert_eq!(parsed.problems, Vec::<String>::new());
    let warnings = parsed.warnings.join("\n");
    assert!(warnings.contains("rule_files") && warnings.contains("alerting"), "{warnings}");
    assert!(!warnings.contains("remote_write"), "an empty section takes nothing away");
    assert!(!format!("{parsed:?}").contains("hunter2"));
}

#[test]
fn every_unsupported_setting_of_a_real_file_is_reported() {
    let discoveries = "azure consul digitalocean docker dockerswarm ec2 eureka gce hetzner ionos kubernetes kuma \
                       lightsail linode marathon nerve nomad openstack ovhcloud puppetdb scaleway serverset stackit \
                       triton uyuni vultr";
    let others = "proxy_url no_proxy proxy_from_environment proxy_connect_header oauth2 sigv4 azuread google_iam \
                  http_headers enable_compression scrape_failure_log_file native_histogram_bucket_limit \
                  native_histogram_min_bucket_factor convert_classic_histograms_to_nhcb unheard_of";
    let discoveries = discoveries.split_whitespace().map(|name| format!("{name}_sd_configs"));
    for key in discoveries.chain(others.split_whitespace().map(str::to_owned)) {
        let parsed = parsed(&format!("scrape_configs:\n  - job_name: a\n    {key}: [{{ role: x }}]\n"));
        let [job] = &parsed.jobs[..] else { panic!("{key}: {:?}", parsed.problems) };
        let reported = job.problems.iter().chain(&job.warnings).any(|message| message.contains(&key));
        assert!(reported, "{key}: {:?} {:?}", job.problems, job.warnings);
    }
    for key in [
        "rule_files",
        "alerting",
        "remote_write",
        "remote_read",
        "storage",
        "tracing",
        "otlp",
        "scrape_config_files",
        "unheard_of",
    ] {
        let parsed = parsed(&format!("{key}: [x]\n"));
        let reported = parsed.problems.iter().chain(&parsed.warnings).any(|message| message.contains(key));
        assert!(reported, "{key}: {:?} {:?}", parsed.problems, parsed.warnings);
    }
    let files = parsed("scrape_config_files: [jobs/*.yml]\n");
    assert_eq!(files.problems, ["scrape_config_files is not supported, the jobs in those files are missing"]);
    let global = parsed("global:\n  scrape_failure_log_file: x\n");
    assert!(global.warnings[0].contains("scrape_failure_log_file"));
}

#[test]
fn an_invalid_job_leaves_the_others() {
    for (bad, expected) in [
        ("job_name: b\n    scrape_interval: 5", "scrape_interval"),
        ("job_name: b\n    scrape_interval: 5s\n    scrape_timeout: 6s", "longer than scrape_interval"),
        ("job_name: b\n    relabel_configs: [{ regex: '(' , target_label: x }]", "not valid"),
        ("job_name: b\n    relabel_configs: [{ action: unheard }]", "unheard"),
        ("job_name: b\n    basic_auth: { username: u, password: hunter2, password_file: x }", "together"),
        ("job_name: b\n    basic_auth: { password: hunter2 }\n    bearer_token: hunter2", "only one of"),
        ("job_name: b\n    authorization: { type: hunter2 }", "no credentials"),
        ("job_name: b\n    sample_limit: hunter2", "sample_limit"),
        ("job_name: b\n    body_size_limit: 10 apples", "body_size_limit"),
        ("job_name: b\n    scrape_protocols: [Smoke]", "Smoke"),
        ("job_name: b\n    tls_config: { key: hunter2 }", "key"),
        ("job_name: a", "two jobs"),
        ("scheme: http", "no job_name"),
        ("job_name: b\n    static_configs: [{ targts: [x] }]", "targts"),
        ("job_name: b\n    dns_sd_configs: [{ names: 5 }]", "dropped"),
    ] {
        let parsed = parsed(&format!("scrape_configs:\n  - job_name: a\n  - {bad}\n"));
        let mut all = parsed.problems;
        all.extend(parsed.jobs.iter().flat_map(|job| job.problems.clone()));
        let all = all.join("\n");
        assert!(parsed.jobs[0].name == "a" && all.contains(expected), "{bad}: {all}");
        assert!(!all.contains("hunter2"), "{all}");
    }
}

#[test]
fn an_invalid_file_is_refused_without_a_quotation() {
    for bad in [
        "- a",
        "scrape_configs: {}",
        "global: [",
        "global: 5",
        "global:\n  scrape_interval: hunter2",
        "\u{0}",
    ] {
        let problem = parse(bad, Path::new("/")).unwrap_err();
        assert!(!problem.contains("hunter2") && !problem.is_empty(), "{problem}");
    }
    assert!(parsed("").jobs.is_empty());
    assert!(parsed("scrape_configs:\n").jobs.is_empty());
    assert_eq!(parsed("scrape_config: []").problems, ["scrape_config is not supported"]);
    assert_eq!(
        (size("0"), size("2KB"), size("1GiB"), size("1XB")),
        (Some(0), Some(2048), Some(1 << 30), None)
    );
}
