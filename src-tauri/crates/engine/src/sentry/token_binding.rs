//! The installation that a stored token belongs to.
//!
//! The secret store holds the address of the installation (scheme, host and port), a line break and
//! the token. So a token is sent nowhere else, even if the settings file was edited.

use checks::SecretStore;
use config::{Sentry, Settings};
use model::url_origin;

/// Returns the id of the secret with an installation's token.
pub(super) fn secret_id(name: &str) -> String {
    format!("sentry/{name}")
}

/// Returns the text that stores `token` for the installation at `url`. Fails if that is no address.
pub(super) fn bind(url: &str, token: &str) -> Result<String, String> {
    let origin = url_origin(url).ok_or_else(|| format!("{url:?} is not the address of a Sentry"))?;
    Ok(format!("{origin}\n{token}"))
}

/// Returns the token of a stored text for the installation at `url`. Fails if it belongs to
/// another.
pub(super) fn unbind(stored: &str, url: &str) -> Result<String, String> {
    let origin = url_origin(url).unwrap_or_default();
    match stored.split_once('\n') {
        Some((belongs, token)) if belongs == origin => Ok(token.to_owned()),
        Some((belongs, _)) => {
            Err(format!("the stored token belongs to {belongs} and is not sent to {origin}; enter it again"))
        }
        None => Err("the stored token belongs to no address; enter it again".to_owned()),
    }
}

/// Binds the tokens that earlier versions stored to the addresses in the settings. Blocks.
pub(crate) fn bind_stored_tokens(settings: &Settings, secrets: &dyn SecretStore) {
    for installation in &settings.sentry {
        if let Err(error) = bind_stored_token(installation, secrets) {
            tracing::warn!(
                %error,
                installation = %installation.name,
                "stored token not bound to its address; it is not used until the next start"
            );
        }
    }
}

fn bind_stored_token(installation: &Sentry, secrets: &dyn SecretStore) -> Result<(), String> {
    if !installation.token_file.is_empty() || !installation.token_variable.is_empty() {
        return Ok(());
    }
    let id = secret_id(&installation.name);
    match secrets.get(&id).map_err(|error| error.to_string())? {
        Some(token) if !token.contains('\n') => {
            let bound = bind(&installation.url, token.trim())?;
            secrets.set(&id, &bound).map_err(|error| error.to_string())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use checks::FileSecrets;

    use super::*;

    #[test]
    fn a_token_belongs_to_scheme_host_and_port() {
        let stored = bind("https://sentry.example.org/", "sntryu_1").unwrap();
        for same in ["https://sentry.example.org:443/under", "https://SENTRY.example.org"] {
            assert_eq!(unbind(&stored, same).as_deref(), Ok("sntryu_1"));
        }
        for other in [
            "http://sentry.example.org",
            "https://sentry.example.org:8443",
            "https://sentry.example.org.evil.example",
            "https://evil.example",
            "nonsense",
        ] {
            let error = unbind(&stored, other).unwrap_err();
            assert!(error.contains("belongs to https://sentry.example.org:443"), "{error}");
            assert!(!error.contains("sntryu_1"), "{error}");
        }
        assert!(bind("nonsense", "sntryu_1").is_err());
    }

    #[test]
    fn a_token_of_an_earlier_version_is_bound_once() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = FileSecrets::new(folder.path().join("secrets.json"));
        secrets.set("sentry/a", "sntryu_1").unwrap();
        assert!(unbind("sntryu_1", "https://a").is_err());
        let settings = |sentry| Settings { sentry, ..Settings::default() };
        let stored = [Sentry::new("a", "https://a"), Sentry::new("none", "https://b")];
        bind_stored_tokens(&settings(stored.to_vec()), &secrets);
        // A later edit of the settings file does not move the token.
        let moved = vec![Sentry::new("a", "https://evil.example")];
        bind_stored_tokens(&settings(moved), &secrets);
        let stored = secrets.get("sentry/a").unwrap().unwrap();
        assert_eq!(unbind(&stored, "https://a").as_deref(), Ok("sntryu_1"));
        assert!(unbind(&stored, "https://evil.example").is_err());
        assert_eq!(secrets.get("sentry/none").unwrap(), None);
    }
}
