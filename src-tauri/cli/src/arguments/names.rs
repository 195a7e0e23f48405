//! The names of enumerations on the command line.

use std::sync::LazyLock;

use clap::{ValueEnum, builder::PossibleValue};
use model::{Aggregation, ExportFormat, ExportSignal, ReportFormat};

macro_rules! names {
    ($(#[$doc:meta])* $name:ident => $target:ident { $($variant:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, ValueEnum)]
        pub(crate) enum $name { $($variant),* }

        impl From<$name> for $target {
            fn from(name: $name) -> Self {
                match name { $($name::$variant => Self::$variant),* }
            }
        }
    };
}

/// An aggregation by its name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AggregationName(pub(crate) Aggregation);

impl ValueEnum for AggregationName {
    fn value_variants<'a>() -> &'a [Self] {
        static VARIANTS: LazyLock<Vec<AggregationName>> =
            LazyLock::new(|| Aggregation::ALL.map(AggregationName).to_vec());
        &VARIANTS
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.0.name()))
    }
}

names!(
    /// The name of a report's format.
    ReportFormatName => ReportFormat { Html, Csv, CsvRaw, Parquet }
);
names!(
    /// The name of a signal.
    SignalName => ExportSignal { Metrics, Logs, Spans }
);
names!(
    /// The name of an export's format.
    ExportFormatName => ExportFormat { Csv, CsvRaw, Parquet }
);
