//! The servers that the secrets of a job belong to.
//!
//! A password or token in a file belongs to the servers of its job: scheme, host, port and user. A
//! job with a new server sends the secret nowhere until a person confirms the server.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use async_trait::async_trait;
use config::ScrapeTarget;
use model::{Labels, masked_url, url_origin};
use xxhash_rust::xxh3::xxh3_64;

use super::{
    credentials::{Credentials, Secret},
    discovery::Discovery,
    job::Job,
    status::TargetStatus,
};

/// The servers of each secret, by its file.
pub type SecretServers = BTreeMap<String, BTreeSet<String>>;

/// Remembers which servers secrets belong to, and asks a person about others.
#[async_trait]
pub trait SecretGuard: Send + Sync {
    /// Returns what has to be confirmed before the secrets of a job are sent, in words: none if
    /// they belong to all its servers. Those that are used for the first time do from now on.
    async fn unconfirmed(&self, job: &str, servers: &SecretServers) -> Result<Vec<String>, String>;

    /// Waits until a person confirms the servers. Fails if none does.
    async fn confirm(&self, job: &str, servers: &SecretServers, effects: &[String]) -> Result<(), String>;
}

/// Returns the files with secrets of a job, each with the servers that it is sent to. The error
/// describes an invalid setting.
pub fn secret_servers(job: &ScrapeTarget) -> Result<SecretServers, String> {
    Job::new(job).map(|job| of_job(&job))
}

/// Waits until the secrets of a job belong to its servers. `name` identifies the job. The status
/// says that it waits. The error says why it does not send them.
pub(super) async fn confirmed(
    job: &Job,
    name: &str,
    guard: &dyn SecretGuard,
    status: &TargetStatus,
) -> Result<(), String> {
    let servers = of_job(job);
    if servers.is_empty() {
        return Ok(());
    }
    let effects = guard.unconfirmed(name, &servers).await?;
    if effects.is_empty() {
        return Ok(());
    }
    let source = status_source(job);
    let waits = "a secret belongs to other servers and is not sent until they are confirmed";
    status.set_problems(&source, vec![format!("{waits}: {}", effects.join("; "))]);
    guard.confirm(name, &servers, &effects).await.map_err(|error| {
        format!("{waits} ({error}); change the job or restart Binnacle to be asked again")
    })?;
    status.set_problems(&source, Vec::new());
    Ok(())
}

/// Returns the source of problems with secrets.
pub(super) fn status_source(job: &Job) -> String {
    format!("job {} secrets", job.name)
}

fn of_job(job: &Job) -> SecretServers {
    let mut all = SecretServers::new();
    add(&mut all, &job.client_settings.credentials, &targets(job));
    for discovery in &job.discoveries {
        if let Discovery::Http(list) = discovery {
            add(&mut all, list.credentials(), &BTreeSet::from([origin(list.url().as_str())]));
        }
    }
    all
}

fn add(all: &mut SecretServers, credentials: &Credentials, servers: &BTreeSet<String>) {
    let (file, user) = match credentials {
        Credentials::Basic(user, Some(Secret::File(file))) => (file, user.as_str()),
        Credentials::Header(_, Secret::File(file)) => (file, ""),
        // Who can edit a secret that the configuration holds knows it.
        Credentials::None
        | Credentials::Basic(_, None | Some(Secret::Inline(_)))
        | Credentials::Header(_, Secret::Inline(_)) => return,
    };
    let of_user = servers.iter().map(|server| match user {
        "" => server.clone(),
        user => format!("{server} as the user {user}"),
    });
    all.entry(text(file)).or_default().extend(of_user);
}

fn text(file: &Path) -> String {
    file.to_string_lossy().into_owned()
}

/// Returns the servers that a job scrapes. A list of targets counts as one: it may change at any
/// time.
fn targets(job: &Job) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    let scheme = &job.scheme;
    for discovery in &job.discoveries {
        match discovery {
            Discovery::Static(targets) => all.extend(targets.iter().map(|target| of_target(target, scheme))),
            Discovery::File(list, _) => {
                all.insert(format!("the {scheme} targets that {} list", list.files.join(", ")));
            }
            Discovery::Dns(list, _) => {
                let (names, kind, port) = (list.names.join(", "), &list.kind, list.port);
                let records = format!("the {kind} records of {names} list, port {port}");
                all.insert(format!("the {scheme} targets that {records}"));
            }
            Discovery::Http(list) => {
                let url = masked_url(list.url().as_str());
                all.insert(format!("the {scheme} targets that {url} lists"));
            }
        }
    }
    if !job.target_rules.is_empty() {
        let rules: Vec<_> = job.target_rules.iter().map(prometheus::RelabelRule::settings).collect();
        let hash = xxh3_64(format!("{rules:?}").as_bytes());
        all.insert(format!("where its relabelling rules lead ({hash:016x})"));
    }
    all
}

/// Returns the server of a target. Its labels may replace the scheme of the job.
fn of_target(target: &Labels, scheme: &str) -> String {
    let scheme = target.get("__scheme__").map_or(scheme, String::as_str);
    let address = target.get("__address__").map_or("", String::as_str);
    origin(&format!("{scheme}://{address}"))
}

fn origin(url: &str) -> String {
    url_origin(url).unwrap_or_else(|| masked_url(url))
}
