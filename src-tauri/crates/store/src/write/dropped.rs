//! Points that are dropped because their series exceed a limit.

/// The limits on the number of series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CardinalityLimits {
    /// Series of all services together.
    pub total: u64,
    /// Series of one service.
    pub per_service: u64,
    /// Values of one label within one service.
    pub values_per_label: u64,
    /// Bytes of the labels, names and descriptions of all series and resources together. Names,
    /// units and descriptions, each counted once, may take a quarter of it.
    pub label_bytes: u64,
    /// Resources of all services together.
    pub resources: u64,
    /// Bytes of the labels of one series, and of the attributes of one resource.
    pub label_set_bytes: usize,
}

impl CardinalityLimits {
    /// Returns the bytes of names, units and descriptions, which stay in memory.
    pub(crate) fn name_bytes(&self) -> u64 {
        self.label_bytes / 4
    }
}

impl Default for CardinalityLimits {
    /// Two million, 300,000, 50,000, 256 MiB, 100,000 and 8 KiB: far more than one machine and its
    /// targets usually send.
    fn default() -> Self {
        Self {
            total: 2_000_000,
            per_service: 300_000,
            values_per_label: 50_000,
            label_bytes: 256 << 20,
            resources: 100_000,
            label_set_bytes: 8 << 10,
        }
    }
}

/// The limit that a series exceeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CardinalityLimit {
    /// [`CardinalityLimits::total`].
    Total,
    /// [`CardinalityLimits::per_service`].
    PerService,
    /// [`CardinalityLimits::values_per_label`].
    ValuesPerLabel,
    /// [`CardinalityLimits::label_bytes`].
    LabelBytes,
    /// A quarter of [`CardinalityLimits::label_bytes`], for names, units, descriptions, and names
    /// and values of labels.
    NameBytes,
    /// [`CardinalityLimits::resources`]. Log records and spans get a resource with a service only.
    Resources,
    /// [`CardinalityLimits::label_set_bytes`]. Nothing is dropped, but values are cut.
    LabelSetBytes,
}

/// Points of one service that are dropped because of one label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DroppedSeries {
    /// The service of the series.
    pub service: String,
    /// The latest source of such points, such as `otlp_grpc` or `scrape node`; empty if unknown.
    pub source: String,
    /// The label with too many values; for the other limits the label with the most.
    pub label: String,
    /// The limit that was exceeded.
    pub limit: CardinalityLimit,
    /// The number that the limit allows.
    pub allowed: u64,
    /// Estimated number of values of the label, accepted ones included (within about 3 %).
    pub values: u64,
    /// Points dropped since the store was opened. Of resources with log records and spans, those
    /// that were reduced; of label sets that are too large, the values that were cut.
    pub points: u64,
}

impl std::fmt::Display for DroppedSeries {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { service, label, allowed, values, .. } = self;
        match self.limit {
            CardinalityLimit::ValuesPerLabel => write!(
                formatter,
                "label {label:?} of service {service:?} has about {values} values, limit {allowed}"
            ),
            CardinalityLimit::PerService => write!(
                formatter,
                "service {service:?} has {allowed} series, the limit; its label {label:?} has about {values} \
                 values"
            ),
            CardinalityLimit::Total => write!(
                formatter,
                "there are {allowed} series, the limit; label {label:?} of service {service:?} has about \
                 {values} values"
            ),
            CardinalityLimit::LabelBytes => write!(
                formatter,
                "the labels of all series have {allowed} bytes, the limit; label {label:?} of service \
                 {service:?} has about {values} values"
            ),
            CardinalityLimit::NameBytes => write!(
                formatter,
                "the names and descriptions of all series take {allowed} bytes, the limit; label {label:?} of \
                 service {service:?} has about {values} values"
            ),
            CardinalityLimit::Resources => write!(
                formatter,
                "there are {allowed} resources, the limit; the last is of service {service:?}"
            ),
            CardinalityLimit::LabelSetBytes => write!(
                formatter,
                "label sets of service {service:?} have more than {allowed} bytes, the limit"
            ),
        }
    }
}
