//! Credentials and TLS settings in `prometheus.yml`.

use std::path::Path;

use serde_json::{Map, Value};

use super::values::{absolute, entries_with, read, section, text};
use crate::scrape::{
    credentials::{Credentials, Secret},
    discovery::HttpList,
};

/// Resolves the paths of TLS settings against `folder`.
pub(super) fn in_folder(tls: &mut Option<config::Tls>, folder: &Path) {
    let Some(tls) = tls else { return };
    for file in [&mut tls.ca_file, &mut tls.cert_file, &mut tls.key_file] {
        if !file.is_empty() {
            *file = absolute(folder, file).to_string_lossy().into_owned();
        }
    }
}

/// Returns the HTTP discoveries, each with its own credentials.
pub(super) fn http_lists(
    config: &mut Map<String, Value>,
    job: &str,
    folder: &Path,
    problems: &mut Vec<String>,
) -> Vec<HttpList> {
    let key = "http_sd_configs";
    let is_ignored = |name: &str| name == "enable_http2" || name.contains("proxy");
    entries_with(config, key, job, problems, |entry| {
        let Value::Object(mut entry) = entry else { return Err(format!("{key}: an entry is not a mapping")) };
        entry.retain(|name, value| !value.is_null() && !is_ignored(name));
        let credentials = credentials(&mut entry, folder)?;
        let mut settings: config::HttpDiscovery = read(key, Value::Object(entry))?;
        in_folder(&mut settings.tls_config, folder);
        Ok(HttpList::new(&settings)?.with_credentials(credentials))
    })
}

/// Removes the credentials from a section and returns them.
pub(super) fn credentials(config: &mut Map<String, Value>, folder: &Path) -> Result<Credentials, String> {
    let bearer = config.remove("bearer_token").map(text).transpose()?;
    let bearer_file = config.remove("bearer_token_file").map(text).transpose()?;
    let mut found = Vec::new();
    found.extend(bearer.map(|token| Credentials::Header("Bearer".to_owned(), Secret::Inline(token))));
    found.extend(
        bearer_file
            .map(|file| Credentials::Header("Bearer".to_owned(), Secret::File(absolute(folder, &file)))),
    );
    let mut basic = section(config, "basic_auth")?;
    if !basic.is_empty() {
        let name = basic.remove("username").map(text).transpose()?.unwrap_or_default();
        found.push(Credentials::Basic(name, secret(&mut basic, "password", folder)?));
        no_more("basic_auth", &basic)?;
    }
    let mut header = section(config, "authorization")?;
    if !header.is_empty() {
        let scheme = header.remove("type").map(text).transpose()?.unwrap_or_else(|| "Bearer".to_owned());
        let secret = secret(&mut header, "credentials", folder)?;
        let secret = secret.ok_or("authorization has no credentials")?;
        found.push(Credentials::Header(scheme, secret));
        no_more("authorization", &header)?;
    }
    if found.len() > 1 {
        return Err("only one of basic_auth, authorization and bearer_token can be used".to_owned());
    }
    Ok(found.pop().unwrap_or_default())
}

/// Returns the secret under `key`, or in the file under `key_file`.
fn secret(section: &mut Map<String, Value>, key: &str, folder: &Path) -> Result<Option<Secret>, String> {
    let inline = section.remove(key).map(text).transpose()?.map(Secret::Inline);
    let file = section.remove(&format!("{key}_file")).map(text).transpose()?;
    let file = file.map(|file| Secret::File(absolute(folder, &file)));
    match (inline, file) {
        (Some(_), Some(_)) => Err(format!("{key} and {key}_file cannot be used together")),
        (inline, file) => Ok(inline.or(file)),
    }
}

fn no_more(name: &str, section: &Map<String, Value>) -> Result<(), String> {
    match section.keys().next() {
        Some(key) => Err(format!("{key} of {name} is not supported")),
        None => Ok(()),
    }
}
