//! Validation of Sentry installations.

use std::collections::BTreeSet;

use url::Url;

use crate::{
    Sentry,
    problem::{Problem, above, out_of_bounds, problem},
};

/// Returns the first value that is not accepted.
pub(super) fn first_problem(installations: &[Sentry]) -> Option<Problem> {
    let mut names = BTreeSet::new();
    installations.iter().enumerate().find_map(|(index, one)| {
        let index = index.to_string();
        let path = |key| ["sentry", index.as_str(), key];
        if one.name.trim().is_empty() {
            return problem(&path("name"), "a Sentry installation needs a name".to_owned());
        }
        if !names.insert(&one.name) {
            return problem(
                &path("name"),
                format!("there is a Sentry installation named `{}` already", one.name),
            );
        }
        if let Some(wrong) = wrong_address(&one.url) {
            return problem(&path("url"), wrong);
        }
        if !one.token_file.is_empty() && !one.token_variable.is_empty() {
            return problem(
                &path("token_variable"),
                "the token comes from a file or from a variable, not from both".to_owned(),
            );
        }
        out_of_bounds(&path("interval_seconds"), one.interval_seconds, 3_600)
            .or_else(|| {
                let often = one.interval_seconds < 5;
                often.then(|| problem(&path("interval_seconds"), "must be at least 5".to_owned())).flatten()
            })
            .or_else(|| above(&path("settle_seconds"), one.settle_seconds, 3_600))
            .or_else(|| above(&path("backfill_hours"), one.backfill_hours, 720))
            .or_else(|| out_of_bounds(&path("requests_per_second"), one.requests_per_second, 40))
    })
}

/// Returns the reason why `url` cannot be the address of a Sentry installation.
fn wrong_address(url: &str) -> Option<String> {
    // The message does not repeat the address, which may hold a password.
    let Ok(parsed) = Url::parse(url) else {
        return Some("the address is not an http:// or https:// address".to_owned());
    };
    if !matches!(parsed.scheme(), "http" | "https") || !parsed.has_host() {
        return Some("the address is not an http:// or https:// address".to_owned());
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Some(
            "the address contains a user or a password; store a token with `binnacle-cli sentry connect`"
                .to_owned(),
        );
    }
    if parsed.query().is_some() || parsed.fragment().is_some() {
        return Some(
            "the address has a query or a fragment; remove everything from `?` or `#` on".to_owned(),
        );
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::parse;

    #[test]
    fn invalid_values_are_rejected_at_their_position() {
        let base = "[[sentry]]\nname = \"a\"\n";
        for (text, line, part) in [
            ("url = \"sentry.io\"\n", 3, "http"),
            ("url = \"https://ann:hunter2@sentry.io\"\n", 3, "a user or a password"),
            ("url = \"https://sentry.io?x=1\"\n", 3, "query or a fragment"),
            ("url = \"https://s\"\ninterval_seconds = 2\n", 4, "at least 5"),
            ("url = \"https://s\"\nbackfill_hours = 721\n", 4, "at most 720"),
            ("url = \"https://s\"\nrequests_per_second = 0\n", 4, "at least 1"),
            ("url = \"https://s\"\ntoken_file = \"/t\"\ntoken_variable = \"T\"\n", 5, "not from both"),
            ("url = \"https://s\"\nexclude = [\"isues\"]\n", 4, "unknown variant"),
            ("url = \"https://s\"\ntoken = \"secret-in-settings\"\n", 4, "unknown field"),
        ] {
            let error = parse(&format!("{base}{text}")).unwrap_err();
            assert_eq!(error.line, line, "{text}{error}");
            assert!(error.message.contains(part), "{error}");
            assert!(!error.message.contains("hunter2") && !error.message.contains("secret-in-settings"));
        }
        let twice = "[[sentry]]\nname = \"a\"\nurl = \"https://s\"\n";
        assert!(parse(&twice.repeat(2)).unwrap_err().message.contains("already"));
    }
}
