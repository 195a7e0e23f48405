//! The types of metric families.

/// The type of a metric family.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FamilyKind {
    /// Not declared.
    #[default]
    Unknown,
    /// Only goes up.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Cumulative buckets, a sum and a count.
    Histogram,
    /// Buckets of the current state, which go up and down.
    GaugeHistogram,
    /// Quantiles, a sum and a count.
    Summary,
    /// Labels with the value 1.
    Info,
    /// One sample for each state, 1 or 0.
    StateSet,
}

impl FamilyKind {
    /// Returns the type behind a number of remote write (`MetricType` of both its messages).
    pub fn from_number(number: u64) -> Self {
        match number {
            1 => Self::Counter,
            2 => Self::Gauge,
            3 => Self::Histogram,
            4 => Self::GaugeHistogram,
            5 => Self::Summary,
            6 => Self::Info,
            7 => Self::StateSet,
            _ => Self::Unknown,
        }
    }

    /// Returns the type behind the last word of an OpenMetrics `# TYPE` line, none for an unknown
    /// word.
    pub fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "counter" => Self::Counter,
            "gauge" => Self::Gauge,
            "histogram" => Self::Histogram,
            "gaugehistogram" => Self::GaugeHistogram,
            "summary" => Self::Summary,
            "info" => Self::Info,
            "stateset" => Self::StateSet,
            "unknown" => Self::Unknown,
            _ => return None,
        })
    }
}
