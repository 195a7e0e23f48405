//! Formats of log records: one line or record in; time, severity, message and attributes out. Pure:
//! the caller passes in the current time and the time zone.

mod access_log;
mod context;
mod json;
mod logfmt;
mod plain;
mod record;
mod structured_data;
mod syslog;
mod time;

pub use context::Context;
pub use record::ParsedRecord;

/// Parses a record. `text` may hold more lines after the first, such as a stack trace. A record in
/// no known format is a plain message.
pub fn parse(text: &str, context: &Context) -> ParsedRecord {
    json::parse(text, context)
        .or_else(|| access_log::parse(text))
        .or_else(|| syslog::parse(text, context))
        .or_else(|| logfmt::parse(text, context))
        .unwrap_or_else(|| plain::parse(text, context))
}

#[cfg(test)]
mod tests {
    use chrono::FixedOffset;
    use model::Timestamp;

    use super::*;

    /// Returns 2026-03-01T00:00:00Z, one hour east.
    pub(super) fn context() -> Context {
        Context { now: Timestamp(1_772_323_200_000_000_000), zone: FixedOffset::east_opt(3600).unwrap() }
    }

    pub(super) fn parsed(text: &str) -> ParsedRecord {
        parse(text, &context())
    }

    #[test]
    fn any_text_gives_a_record_with_its_message() {
        for text in [
            "",
            " ",
            "{",
            "{}",
            "[",
            "[]",
            "=",
            "a=",
            "\"",
            "<",
            "<999>",
            "<13>",
            "[error",
            "ERROR",
            "error:",
            "2026-01-02T",
            "2026-99-99T99:99:99Z x",
            "{\"level\":[]}",
            "{\"time\":1e308,\"msg\":null}",
            "🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀",
            "- - [x] \"\" 200 -",
            "Feb 30 25:61:61 h p: m",
            "\u{0}\u{1}",
            "msg=\"unterminated level=info",
        ] {
            let line = parsed(text);
            assert!(!line.body.is_empty() || text.trim().is_empty(), "{text:?} {line:?}");
        }
    }

    #[test]
    fn random_text_gives_a_record() {
        let mut state = 7_u32;
        let alphabet: Vec<char> = "{}[]\"=:,. \\<>-/09TZerioäERO\n".chars().collect();
        for _ in 0..20_000 {
            let text: String = (0..30)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    alphabet[(state >> 16) as usize % alphabet.len()]
                })
                .collect();
            let _ = parsed(&text);
        }
    }
}
