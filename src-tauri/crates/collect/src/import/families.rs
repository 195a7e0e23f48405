//! The declarations of families in an imported text, repeated at the head of each chunk.

use std::collections::HashMap;

use super::file_format::Dialect;

/// Maximum number of bytes of the cache of families.
const MAX_FAMILY_BYTES: usize = 32 << 20;

/// The declaration of a family.
#[derive(Debug, Default)]
struct Family {
    kind: String,
    help: String,
}

/// The declarations so far, bounded in size.
#[derive(Debug, Default)]
pub(super) struct Families {
    declared: HashMap<String, Family>,
    /// Estimated memory size of `declared`.
    bytes: usize,
}

impl Families {
    /// Records the `TYPE` or `HELP` of a family.
    pub(super) fn declare(&mut self, keyword: &str, name: &str, text: &str) {
        let text: String = text.chars().take(500).collect();
        self.bytes += size_of::<(String, Family)>() + name.len() + text.len();
        if self.bytes > MAX_FAMILY_BYTES {
            self.declared.clear();
            self.bytes = 0;
        }
        let family = self.declared.entry(name.to_owned()).or_default();
        match keyword {
            "TYPE" => family.kind = text,
            _ => family.help = text,
        }
    }

    /// Returns the declarations of the families of the lines, and their number of lines.
    pub(super) fn header(&self, dialect: Dialect, lines: &[(u64, String)]) -> (String, usize) {
        let mut header = String::new();
        let mut count = 0;
        let mut last = "";
        for (_, line) in lines {
            let name = family_of(line);
            if name == last {
                continue;
            }
            last = name;
            let candidates = [name, base(name), name.strip_suffix("_total").unwrap_or(name)];
            let Some((declared, family)) =
                candidates.iter().find_map(|candidate| self.declared.get_key_value(*candidate))
            else {
                continue;
            };
            let (kind, declared) = match (dialect, family.kind.as_str()) {
                // Some declare a counter without `_total`, as in OpenMetrics.
                (Dialect::Prometheus, "counter") => ("counter", name),
                (_, kind @ ("counter" | "gauge" | "histogram" | "summary")) => (kind, declared.as_str()),
                (Dialect::OpenMetrics, kind @ ("gaugehistogram" | "info" | "stateset")) => {
                    (kind, declared.as_str())
                }
                (Dialect::OpenMetrics, _) => ("unknown", declared.as_str()),
                (Dialect::Prometheus, _) => ("untyped", declared.as_str()),
            };
            header.push_str(&format!("# TYPE {declared} {kind}\n"));
            count += 1;
            if !family.help.is_empty() {
                header.push_str(&format!("# HELP {declared} {}\n", family.help));
                count += 1;
            }
        }
        (header, count)
    }
}

/// Returns the name at the start of a line.
pub(super) fn family_of(line: &str) -> &str {
    line.split(['{', ' ', '\t']).next().unwrap_or_default()
}

/// Returns the family of a sample of a histogram or summary.
pub(super) fn base(name: &str) -> &str {
    const SUFFIXES: [&str; 6] = ["_bucket", "_sum", "_count", "_gsum", "_gcount", "_info"];
    SUFFIXES.iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name)
}
