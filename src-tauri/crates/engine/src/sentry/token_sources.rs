//! The installations that tokens in files and in environment variables belong to.
//!
//! Such a token is bound to the address of its installation (scheme, host and port) when it is
//! first used. After an edit of the address in the settings file it is sent nowhere until the
//! installation is connected again.

use std::{collections::BTreeMap, path::Path};

use config::Sentry;
use model::url_origin;
use serde::{Deserialize, Serialize};

use crate::bindings::Bindings;

/// The file of the data folder with the bindings.
const FILE: &str = "sentry-token-sources.json";

/// The bindings of all installations, by name. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct TokenSources(Bindings);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Binding {
    /// The file or the variable, in words.
    source: String,
    /// Scheme, host and port.
    origin: String,
}

impl Binding {
    /// Returns the binding that the settings of an installation ask for. `None` if its token is in
    /// the secret store.
    fn of(installation: &Sentry) -> Result<Option<Self>, String> {
        let Sentry { token_file, token_variable, url, .. } = installation;
        let source = match (token_file.is_empty(), token_variable.is_empty()) {
            (false, _) => format!("the file {token_file}"),
            (true, false) => format!("the environment variable {token_variable}"),
            (true, true) => return Ok(None),
        };
        let origin = url_origin(url).ok_or_else(|| format!("{url:?} is not the address of a Sentry"))?;
        Ok(Some(Self { source, origin }))
    }
}

impl TokenSources {
    /// Returns the bindings that are stored in the data folder.
    pub(crate) fn new(data_folder: &Path) -> Self {
        Self(Bindings::new(data_folder, FILE))
    }

    /// Fails if the token outside the secret store belongs to another address. Binds one that is
    /// used for the first time. Blocks.
    pub(super) fn check(&self, installation: &Sentry) -> Result<(), String> {
        let Some(binding) = Binding::of(installation)? else { return Ok(()) };
        self.0.change(|bindings: &mut BTreeMap<String, Binding>| match bindings.get(&installation.name) {
            Some(known) if known.source == binding.source && known.origin != binding.origin => Err(format!(
                "the token in {} belongs to {} and is not sent to {}; connect {} again in the console or \
                 with `binnacle-cli sentry connect` to confirm the new address",
                known.source, known.origin, binding.origin, installation.name
            )),
            Some(known) if *known == binding => Ok(()),
            _ => {
                bindings.insert(installation.name.clone(), binding);
                Ok(())
            }
        })
    }

    /// Binds the token of an installation to its address, because a person confirmed it. Blocks.
    pub(super) fn confirm(&self, installation: &Sentry) -> Result<(), String> {
        let binding = Binding::of(installation)?;
        self.0.change(|bindings: &mut BTreeMap<String, Binding>| {
            match binding {
                Some(binding) => bindings.insert(installation.name.clone(), binding),
                None => bindings.remove(&installation.name),
            };
            Ok(())
        })
    }

    /// Removes the binding of a removed installation. Blocks.
    pub(super) fn forget(&self, name: &str) -> Result<(), String> {
        self.0.change(|bindings: &mut BTreeMap<String, Binding>| {
            bindings.remove(name);
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use runtime::replace_private_file;

    use super::*;

    fn installation(url: &str, file: &str, variable: &str) -> Sentry {
        let mut installation = Sentry::new("a", url);
        (installation.token_file, installation.token_variable) = (file.to_owned(), variable.to_owned());
        installation
    }

    #[test]
    fn a_token_outside_the_secret_store_belongs_to_scheme_host_and_port() {
        for (file, variable) in [("/token", ""), ("", "TOKEN")] {
            let folder = tempfile::tempdir().unwrap();
            let sources = TokenSources::new(folder.path());
            let at = |url: &str| installation(url, file, variable);
            sources.check(&at("https://sentry.example.org")).unwrap();
            sources.check(&at("https://SENTRY.example.org:443/under")).unwrap();
            for other in
                ["http://sentry.example.org", "https://sentry.example.org:8443", "https://evil.example"]
            {
                // Another run of the engine knows it as well.
                let error = TokenSources::new(folder.path()).check(&at(other)).unwrap_err();
                assert!(error.contains("belongs to https://sentry.example.org:443"), "{error}");
            }
            assert!(sources.check(&at("nonsense")).is_err());
            sources.confirm(&at("https://moved.example")).unwrap();
            sources.check(&at("https://moved.example")).unwrap();
            assert!(sources.check(&at("https://sentry.example.org")).is_err());
            sources.forget("a").unwrap();
            sources.check(&at("https://sentry.example.org")).unwrap();
        }
    }

    #[test]
    fn a_token_from_another_source_is_another_token() {
        let folder = tempfile::tempdir().unwrap();
        let sources = TokenSources::new(folder.path());
        sources.check(&installation("https://a", "/token", "")).unwrap();
        sources.check(&installation("https://b", "/other", "")).unwrap();
        assert!(sources.check(&installation("https://a", "/other", "")).is_err());
        sources.check(&installation("https://c", "", "")).unwrap();
    }

    #[test]
    fn a_damaged_file_of_bindings_sends_no_token() {
        let folder = tempfile::tempdir().unwrap();
        replace_private_file(&folder.path().join(FILE), b"{").unwrap();
        let sources = TokenSources::new(folder.path());
        assert!(sources.check(&installation("https://a", "/token", "")).is_err());
    }
}
