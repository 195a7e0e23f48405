//! Decisions about the tokens of Sentry installations.
//!
//! A token that a person types into a browser is the person's own, and goes where the person says.
//! A token that Binnacle already has goes only to the address that it belongs to.

use config::Sentry;
use engine::Engine;

use super::{Decision, Effect};
use crate::{ApiError, arguments::SentryArguments};

pub(crate) async fn sentry_access(
    engine: &Engine,
    arguments: &SentryArguments,
) -> Result<Decision, ApiError> {
    let known = known(engine, arguments);
    let is_typed = has_token(arguments);
    Ok(moved(known.as_ref(), arguments).filter(|_| !is_typed).into_iter().collect::<Vec<_>>().into())
}

pub(crate) async fn sentry_connect(
    engine: &Engine,
    arguments: &SentryArguments,
) -> Result<Decision, ApiError> {
    let edits = engine.settings().lock_edits().await;
    let known = known(engine, arguments);
    // The typed token is stored, yet a file or a variable of the installation takes precedence.
    let is_used = has_token(arguments) && known.as_ref().is_none_or(|one| outside_token(one).is_none());
    let effects = moved(known.as_ref(), arguments).filter(|_| !is_used).into_iter().collect();
    Ok(Decision { effects, _edits: Some(edits) })
}

fn known(engine: &Engine, arguments: &SentryArguments) -> Option<Sentry> {
    engine.settings().in_force().sentry.into_iter().find(|one| one.name == arguments.name.trim())
}

fn has_token(arguments: &SentryArguments) -> bool {
    arguments.token.as_ref().is_some_and(|token| !token.trim().is_empty())
}

/// Returns the source of an installation's token outside the keyring.
fn outside_token(installation: &Sentry) -> Option<String> {
    if !installation.token_file.is_empty() {
        return Some(format!("the token in the file {}", installation.token_file));
    }
    let variable = &installation.token_variable;
    (!variable.is_empty()).then(|| format!("the environment variable {variable}"))
}

/// Returns the effect that the token Binnacle has goes to another address than before.
fn moved(known: Option<&Sentry>, arguments: &SentryArguments) -> Option<Effect> {
    let url = arguments.url.trim();
    if known.is_some_and(|one| one.url.trim_end_matches('/') == url.trim_end_matches('/')) {
        return None;
    }
    let mut sent = known.cloned().unwrap_or_else(|| Sentry::new(arguments.name.trim(), url));
    url.clone_into(&mut sent.url);
    Some(token_sent(&sent))
}

/// Returns the effect that the token of an installation is sent to its address.
pub(super) fn token_sent(installation: &Sentry) -> Effect {
    let Sentry { name, url, token_file, token_variable, ca_file, .. } = installation;
    let token = outside_token(installation).unwrap_or_else(|| "the stored token".to_owned());
    let trust = if ca_file.is_empty() { String::new() } else { format!(", trusting {ca_file}") };
    let text = format!("Send {token} of the Sentry installation “{name}” to {url}{trust}");
    Effect::new(text, (name, url, token_file, token_variable, ca_file))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(url: &str) -> SentryArguments {
        SentryArguments {
            name: " sentry ".to_owned(),
            url: url.to_owned(),
            token: None,
            organizations: Vec::new(),
            projects: Vec::new(),
        }
    }

    #[test]
    fn a_token_moves_when_its_address_changes() {
        let mut known = Sentry::new("sentry", "https://sentry.io");
        assert_eq!(moved(Some(&known), &request("https://sentry.io/ ")), None);
        let text = |known: Option<&Sentry>| moved(known, &request("https://evil.example")).unwrap().text;
        let stored = "Send the stored token of the Sentry installation “sentry” to https://evil.example";
        assert_eq!(text(Some(&known)), stored);
        assert_eq!(text(None), stored, "a token may be left from an installation that was removed");
        known.token_variable = "TOKEN".to_owned();
        assert!(text(Some(&known)).starts_with("Send the environment variable TOKEN of"));
        known.token_file = "/t".to_owned();
        assert!(text(Some(&known)).starts_with("Send the token in the file /t of"));
    }
}
