//! The servers that the passwords and tokens of scrape jobs belong to.
//!
//! A secret in a file is bound to the servers of its job (scheme, host, port and user) when it is
//! first used. After an edit of the settings file that adds a server, the job sends it nowhere
//! until a person confirms the server.

use std::{collections::BTreeMap, path::Path};

use async_trait::async_trait;
use collect::{SecretGuard, SecretServers, secret_servers};
use config::ScrapeTarget;

use crate::{Confirmations, bindings::Bindings};

/// The file of the data folder with the bindings.
const FILE: &str = "scrape-secrets.json";

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
    pub(crate) fn unconfirmed(&self, job: &str, wanted: SecretServers) -> Result<Vec<String>, String> {
        let mut effects = Vec::new();
        self.0.change(|bindings: &mut BTreeMap<String, SecretServers>| {
            let known = bindings.entry(job.to_owned()).or_default();
            for (file, servers) in wanted {
                match known.get(&file) {
                    Some(bound) => effects.extend(servers.difference(bound).map(|server| {
                        format!("Send the secret in {file} of the scrape job “{job}” to {server}")
                    })),
                    None => _ = known.insert(file, servers),
                }
            }
            Ok(())
        })?;
        Ok(effects)
    }

    /// Binds the secrets of a job of the settings to its servers, because a person changed it.
    /// Blocks.
    pub(crate) fn confirm_changed(&self, job: &ScrapeTarget) -> Result<(), String> {
        self.confirm(&job.name, secret_servers(job)?)
    }

    /// Binds the secrets of a job to servers, because a person confirmed them. Blocks.
    pub(crate) fn confirm(&self, job: &str, servers: SecretServers) -> Result<(), String> {
        self.0.change(|bindings: &mut BTreeMap<String, SecretServers>| {
            if servers.is_empty() {
                bindings.remove(job);
            } else {
                bindings.insert(job.to_owned(), servers);
            }
            Ok(())
        })
    }
}

/// Asks a person, on the machine, about servers that secrets do not belong to.
pub(crate) struct AskingGuard {
    pub(crate) secrets: ScrapeSecrets,
    pub(crate) confirmations: Confirmations,
    /// What may have changed the servers, such as `an edit of the settings file`.
    pub(crate) requested_by: String,
}

#[async_trait]
impl SecretGuard for AskingGuard {
    async fn unconfirmed(&self, job: &str, servers: &SecretServers) -> Result<Vec<String>, String> {
        let (secrets, job, servers) = (self.secrets.clone(), job.to_owned(), servers.clone());
        let unconfirmed = tokio::task::spawn_blocking(move || secrets.unconfirmed(&job, servers)).await;
        unconfirmed.map_err(|error| error.to_string())?
    }

    async fn confirm(&self, job: &str, servers: &SecretServers, effects: &[String]) -> Result<(), String> {
        let answer = self.confirmations.request(effects, &self.requested_by).await;
        answer.map_err(|error| error.to_string())?;
        let (secrets, job, servers) = (self.secrets.clone(), job.to_owned(), servers.clone());
        tokio::task::spawn_blocking(move || secrets.confirm(&job, servers))
            .await
            .map_err(|error| error.to_string())?
    }
}

#[cfg(test)]
mod tests {
    use config::{BasicAuth, HttpDiscovery, Relabel};

    use super::*;

    fn unconfirmed(secrets: &ScrapeSecrets, job: &ScrapeTarget) -> Vec<String> {
        secrets.unconfirmed(&job.name, secret_servers(job).unwrap()).unwrap()
    }

    fn job(url: &str) -> ScrapeTarget {
        let mut job = ScrapeTarget::new("a", url);
        job.basic_auth = Some(BasicAuth { username: "ann".to_owned(), password_file: "/p".to_owned() });
        job
    }

    #[test]
    fn a_secret_belongs_to_scheme_host_port_and_user() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = ScrapeSecrets::new(folder.path());
        let unconfirmed = |job: &ScrapeTarget| unconfirmed(&ScrapeSecrets::new(folder.path()), job);
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
        secrets.confirm_changed(&job("https://evil.example")).unwrap();
        assert_eq!(unconfirmed(&job("https://evil.example")), [""; 0]);
        assert_eq!(unconfirmed(&job("https://h:9100")).len(), 1);
    }

    #[test]
    fn further_targets_lists_and_rules_are_further_servers() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = ScrapeSecrets::new(folder.path());
        let first = job("http://h:1");
        assert!(unconfirmed(&secrets, &first).is_empty());
        let changed = |change: &dyn Fn(&mut ScrapeTarget)| {
            let mut job = first.clone();
            change(&mut job);
            unconfirmed(&secrets, &job)
        };
        assert_eq!(changed(&|job| job.interval_seconds = 7), [""; 0]);
        assert_eq!(changed(&|job| job.targets = vec!["evil:1".to_owned()]).len(), 1);
        for (label, value) in [("__address__", "evil:1"), ("__scheme__", "https")] {
            let labels = [(label.to_owned(), value.to_owned())];
            assert_eq!(changed(&|job| job.labels = labels.clone().into()).len(), 1, "{label}");
        }
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
        assert!(unconfirmed(&secrets, &listed("https://lists/a")).is_empty());
        assert!(unconfirmed(&secrets, &listed("https://lists/b")).is_empty());
        assert_eq!(unconfirmed(&secrets, &listed("https://evil/a")).len(), 1);
        // Without secrets nothing is bound.
        assert!(secret_servers(&ScrapeTarget::new("b", "http://h")).unwrap().is_empty());
    }
}
