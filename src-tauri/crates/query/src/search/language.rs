//! The two dialects of the search language.

/// The type of records that a search finds. Some fields have a meaning for one type only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    /// Log records: `severity` (or `level`) is compared by rank.
    Logs,
    /// Spans: `duration` takes durations, `status` and `kind` take fixed words.
    Traces,
}
