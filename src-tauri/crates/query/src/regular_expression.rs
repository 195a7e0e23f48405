//! Regular expressions that users type, limited in size.

use regex::{Regex, RegexBuilder};

/// Maximum size of a compiled regular expression, in bytes.
const MAX_COMPILED_BYTES: usize = 1 << 20;

/// Compiles a regular expression. Fails with the reason.
pub(crate) fn compile(expression: &str) -> Result<Regex, String> {
    match RegexBuilder::new(expression).size_limit(MAX_COMPILED_BYTES).build() {
        Ok(regex) => Ok(regex),
        Err(regex::Error::Syntax(message)) => {
            let reason = message.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            Err(format!("not a regular expression: {reason}"))
        }
        Err(_) => Err("the regular expression is too large".to_owned()),
    }
}

/// Checks a regular expression. Fails with the reason why it cannot be used.
pub fn check_regex(expression: &str) -> Result<(), String> {
    compile(expression).map(drop)
}
