//! The servers that the passwords and tokens of scrape jobs belong to.
//!
//! A secret in a file is bound to the servers of its job (scheme, host, port and user) when it is
//! first used. After an edit of the settings file that adds a server, the job sends it nowhere
//! until a person confirms the server.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use config::{Authorization, BasicAuth, ScrapeTarget};
use model::url_origin;
use xxhash_rust::xxh3::xxh3_64;

use crate::bindings::Bindings;

/// The file of the data folder with the bindings.
const FILE: &str = "scrape-secrets.json";

/// The servers of each secret, by its file.
type Servers = BTreeMap<String, BTreeSet<String>>;

/// The bindings of all jobs, by name. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct ScrapeSecrets(Bindings);

impl ScrapeSecrets {
    /// Returns the bindings that are stored in the data folder.
    pub(crate) fn new(data_folder: &Path) -> Self {
        Self(Bindings::new(data_folder, FILE))
    }

    /// Returns what has to be confirmed before the secrets of a job are sent, in words: none if
    /// they belong to all its servers. Binds those that are used for the first time. Fails if the
    /// bindings cannot be read. Blocks.
    pub(crate) fn unconfirmed(&self, job: &ScrapeTarget) -> Result<Vec<String>, String> {
        let wanted = servers(job);
        let mut effects = Vec::new();
        if wanted.is_empty() {
            return Ok(effects);
        }
        self.0.change(|bindings: &mut BTreeMap<String, Servers>| {
            let known = bindings.entry(job.name.clone()).or_default();
            for (file, servers) in wanted {
                match known.get(&file) {
                    Some(bound) => effects.extend(servers.difference(bound).map(|server| {
                        format!("Send the secret in {file} of the scrape job “{}” to {server}", job.name)
                    })),
                    None => _ = known.insert(file, servers),
                }
            }
            Ok(())
        })?;
        Ok(effects)
    }

    /// Binds the secrets of a job to its servers, because a person confirmed them. Blocks.
    pub(crate) fn confirm(&self, job: &ScrapeTarget) -> Result<(), String> {
        let servers = servers(job);
        self.0.change(|bindings: &mut BTreeMap<String, Servers>| {
            if servers.is_empty() {
                bindings.remove(&job.name);
            } else {
                bindings.insert(job.name.clone(), servers);
            }
            Ok(())
        })
    }
}

/// Returns the files with secrets of a job, each with the servers that it is sent to.
fn servers(job: &ScrapeTarget) -> Servers {
    let mut all = Servers::new();
    let mut add = |basic: &Option<BasicAuth>, header: &Option<Authorization>, servers: &BTreeSet<String>| {
        let basic = basic.as_ref().map(|basic| (&basic.password_file, basic.username.as_str()));
        let header = header.as_ref().map(|header| (&header.credentials_file, ""));
        for (file, user) in basic.into_iter().chain(header) {
            let of_user = servers.iter().map(|server| match user {
                "" => server.clone(),
                user => format!("{server} as the user {user}"),
            });
            all.entry(file.clone()).or_default().extend(of_user);
        }
    };
    add(&job.basic_auth, &job.authorization, &targets(job));
    for list in &job.http_sd_configs {
        add(&list.basic_auth, &list.authorization, &BTreeSet::from([origin(&list.url)]));
    }
    all
}

/// Returns the servers that a job scrapes. A list of targets counts as one: it may change at any
/// time.
fn targets(job: &ScrapeTarget) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    if !job.url.is_empty() {
        all.insert(origin(&job.url));
    }
    all.extend(job.targets.iter().map(|target| origin(&format!("{}://{target}", job.scheme))));
    let scheme = &job.scheme;
    for list in &job.file_sd_configs {
        all.insert(format!("the {scheme} targets that {} list", list.files.join(", ")));
    }
    for list in &job.dns_sd_configs {
        let (names, kind, port) = (list.names.join(", "), &list.kind, list.port);
        all.insert(format!("the {scheme} targets that the {kind} records of {names} list, port {port}"));
    }
    for list in &job.http_sd_configs {
        all.insert(format!("the {scheme} targets that {} lists", model::masked_url(&list.url)));
    }
    if !job.relabel_configs.is_empty() {
        let rules = format!("{:?}", job.relabel_configs);
        all.insert(format!("where its relabelling rules lead ({:016x})", xxh3_64(rules.as_bytes())));
    }
    all
}

fn origin(url: &str) -> String {
    url_origin(url).unwrap_or_else(|| model::masked_url(url))
}

#[cfg(test)]
mod tests {
    use config::{HttpDiscovery, Relabel};

    use super::*;

    fn job(url: &str) -> ScrapeTarget {
        let mut job = ScrapeTarget::new("a", url);
        job.basic_auth = Some(BasicAuth { username: "ann".to_owned(), password_file: "/p".to_owned() });
        job
    }

    #[test]
    fn a_secret_belongs_to_scheme_host_port_and_user() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = ScrapeSecrets::new(folder.path());
        let unconfirmed = |job: &ScrapeTarget| ScrapeSecrets::new(folder.path()).unconfirmed(job).unwrap();
        assert_eq!(unconfirmed(&job("https://h:9100/metrics")), [""; 0]);
        assert_eq!(unconfirmed(&job("https://H:9100/other")), [""; 0], "the same server");
        let mut user = job("https://h:9100/metrics");
        user.basic_auth.as_mut().unwrap().username = "eve".to_owned();
        assert_eq!(
            unconfirmed(&user),
            ["Send the secret in /p of the scrape job “a” to https://h:9100 as the user eve"]
        );
        for other in ["http://h:9100", "https://h:9101", "https://evil.example"] {
            let effects = unconfirmed(&job(other));
            assert_eq!(effects.len(), 1, "{effects:?}");
        }
        secrets.confirm(&job("https://evil.example")).unwrap();
        assert_eq!(unconfirmed(&job("https://evil.example")), [""; 0]);
        assert_eq!(unconfirmed(&job("https://h:9100")).len(), 1);
    }

    #[test]
    fn further_targets_lists_and_rules_are_further_servers() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = ScrapeSecrets::new(folder.path());
        let first = job("http://h:1");
        assert!(secrets.unconfirmed(&first).unwrap().is_empty());
        let changed = |change: &dyn Fn(&mut ScrapeTarget)| {
            let mut job = first.clone();
            change(&mut job);
            secrets.unconfirmed(&job).unwrap()
        };
        assert_eq!(changed(&|job| job.interval_seconds = 7), [""; 0]);
        assert_eq!(changed(&|job| job.targets = vec!["evil:1".to_owned()]).len(), 1);
        let list: HttpDiscovery = serde_json::from_str(r#"{"url": "http://lists/a?key=b"}"#).unwrap();
        let effects = changed(&|job| job.http_sd_configs = vec![list.clone()]);
        assert!(
            effects.len() == 1 && effects[0].contains("that http://lists/a?key=*** lists"),
            "{effects:?}"
        );
        let rule: Relabel =
            serde_json::from_str(r#"{"target_label": "__address__", "replacement": "evil:1"}"#).unwrap();
        assert_eq!(changed(&|job| job.relabel_configs = vec![rule.clone()]).len(), 1);
    }

    #[test]
    fn the_secret_of_a_list_belongs_to_the_server_of_the_list() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = ScrapeSecrets::new(folder.path());
        let listed = |url: &str| {
            let text = format!(r#"{{"url": {url:?}, "authorization": {{"credentials_file": "/t"}}}}"#);
            let mut job = ScrapeTarget::new("a", "");
            job.http_sd_configs = vec![serde_json::from_str(&text).unwrap()];
            job
        };
        assert!(secrets.unconfirmed(&listed("https://lists/a")).unwrap().is_empty());
        assert!(secrets.unconfirmed(&listed("https://lists/b")).unwrap().is_empty());
        assert_eq!(secrets.unconfirmed(&listed("https://evil/a")).unwrap().len(), 1);
        // Without secrets nothing is bound and nothing asked.
        let plain = ScrapeTarget::new("b", "http://h");
        assert!(secrets.unconfirmed(&plain).unwrap().is_empty());
        assert!(!std::fs::read_to_string(folder.path().join(FILE)).unwrap().contains("\"b\""));
    }
}
