//! The signals that are sealed into segments.

/// A kind of data that has segments of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SegmentSignal {
    /// Samples of gauges and counters.
    Samples,
    /// Points of histograms and summaries.
    Histograms,
    /// Exemplars of both.
    Exemplars,
}

impl SegmentSignal {
    /// Every signal.
    pub(crate) const ALL: [Self; 3] = [Self::Samples, Self::Histograms, Self::Exemplars];

    /// Returns the name in the segment table and in file names.
    pub fn name(self) -> &'static str {
        match self {
            Self::Samples => "samples",
            Self::Histograms => "histograms",
            Self::Exemplars => "exemplars",
        }
    }

    /// Returns the prefix of the names of roll-up files, for signals that have roll-ups.
    pub(crate) fn rollup_prefix(self) -> Option<&'static str> {
        match self {
            Self::Samples => Some("sample"),
            Self::Histograms => Some("histogram"),
            Self::Exemplars => None,
        }
    }

    /// Returns whether its rows annotate the data of another signal instead of being data.
    pub(crate) fn is_annotation(self) -> bool {
        self == Self::Exemplars
    }

    /// Finds the signal with a name in the segment table.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|signal| signal.name() == name)
    }
}
