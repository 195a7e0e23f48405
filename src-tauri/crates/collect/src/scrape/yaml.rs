//! YAML from outside the program.

use serde::de::DeserializeOwned;

/// Parses one YAML document. The error has the line and never quotes the text, which may contain
/// secrets.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_saphyr::from_str::<T>(text).map_err(|error| {
        let message = error.without_snippet().to_string();
        without_values(message.lines().next().unwrap_or_default())
    })
}

/// Removes quoted values from a message.
pub(crate) fn without_values(message: &str) -> String {
    let pieces: Vec<&str> = message.split('"').collect();
    let quoteless = pieces.iter().enumerate().map(|(index, piece)| if index % 2 == 1 { "…" } else { piece });
    quoteless.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_the_line_and_no_values() {
        let error = read::<Vec<u32>>("- 1\n- hunter2\n").unwrap_err();
        assert!(error.contains("line 2") && !error.contains("hunter2"), "{error}");
        assert!(read::<Vec<u32>>("- 1\n  : [").is_err());
        let bomb = "a: &a [x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]\n\
            c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]\nd: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c]\n\
            e: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d]\nf: &f [*e, *e, *e, *e, *e, *e, *e, *e, *e]\n\
            g: [*f, *f, *f, *f, *f, *f, *f, *f, *f]\n";
        assert!(read::<serde_json::Value>(bomb).is_err());
    }
}
