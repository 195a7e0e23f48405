//! The Prometheus formats and rules without I/O: expositions in text, OpenMetrics and protobuf,
//! histograms assembled from samples, native histograms, relabelling, units and staleness.

mod assembly;
mod cached_resolutions;
mod cursor;
mod exposition;
mod family;
mod histogram_assembly;
mod known_series;
mod labelled_sample;
mod limits;
mod line;
mod native_histogram;
mod openmetrics;
mod protobuf;
mod reading;
mod relabel;
mod resolution;
mod series;
mod series_cache;
mod staleness;
mod text;
mod unit;

pub use assembly::{Assembled, AssemblyError, AssemblyOptions, assemble};
pub use exposition::{
    ExposedExemplar, ExposedLabels, ExposedNativeHistogram, ExposedSample, Exposition, ExpositionError,
    excerpt,
};
pub use family::FamilyKind;
pub use limits::SeriesLimits;
pub use line::{is_metric_name, read_seconds};
pub use native_histogram::{
    BucketRun, DecodedHistogram, MAX_NATIVE_BUCKETS, NativeHistogram, NativeHistogramError,
    SCHEMA_CUSTOM_BOUNDS,
};
pub use openmetrics::parse_openmetrics;
pub use protobuf::parse_protobuf;
pub use reading::Reading;
pub use relabel::{RelabelRule, relabel};
pub use series_cache::SeriesCache;
pub use staleness::StalenessTracker;
pub use text::parse_text;
