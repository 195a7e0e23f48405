//! Paths that begin with the home folder.

use std::path::PathBuf;

/// Replaces `~/` at the start of a path by the home folder.
pub(crate) fn expand(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_leading_tilde_is_replaced() {
        let home = std::env::home_dir().unwrap();
        assert_eq!(expand("~/logs/app.log"), home.join("logs/app.log"));
        assert_eq!(expand("/var/~/x"), PathBuf::from("/var/~/x"));
        assert_eq!(expand("~other/x"), PathBuf::from("~other/x"));
    }
}
