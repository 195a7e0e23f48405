//! Native histograms (prometheus.io/docs/specs/native_histograms): the one decoder for scrapes and
//! remote write.
//!
//! Buckets are exponential (schemas -4 to 8) or have custom bounds (schema -53). Counts are
//! integers, given as differences, or fractions.

use model::{Buckets, is_stale};

/// The schema of buckets with custom bounds.
pub const SCHEMA_CUSTOM_BOUNDS: i32 = -53;
/// Stored buckets on each side of zero, empty ones included. Wider histograms are made coarser.
pub const MAX_NATIVE_BUCKETS: usize = 4096;
/// Transmitted counts on each side of zero.
const MAX_COUNTS: usize = 20_000;
/// The schemas of exponential buckets.
const EXPONENTIAL_SCHEMAS: std::ops::RangeInclusive<i32> = -4..=8;
/// The scale at which one bucket holds every number.
const MIN_SCALE: i32 = -11;
/// The largest plausible number of measurements.
const MAX_COUNT: f64 = 9.0e18;

/// A native histogram as transmitted.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NativeHistogram {
    /// Number of measurements.
    pub count: f64,
    /// Sum of the measurements; the staleness marker ends the series.
    pub sum: f64,
    /// -4 to 8, or [`SCHEMA_CUSTOM_BOUNDS`].
    pub schema: i32,
    /// Half of the zero bucket's width.
    pub zero_threshold: f64,
    /// Measurements in the zero bucket.
    pub zero_count: f64,
    /// Buckets above zero, or all buckets with custom bounds.
    pub positive: BucketRun,
    /// Buckets below zero.
    pub negative: BucketRun,
    /// Upper bounds, with [`SCHEMA_CUSTOM_BOUNDS`] only.
    pub custom_bounds: Vec<f64>,
}

/// The buckets on one side of zero.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BucketRun {
    /// Gap to the span before (for the first span its index), and number of buckets.
    pub spans: Vec<(i32, u32)>,
    /// Integer counts, each as the difference to the bucket before.
    pub deltas: Vec<i64>,
    /// Counts that may be fractions; they take the place of `deltas`.
    pub counts: Vec<f64>,
}

/// The content of a native histogram in our model.
#[derive(Debug, Clone, PartialEq)]
pub struct DecodedHistogram {
    /// Number of measurements: the sum of the buckets. Larger if NaN was measured.
    pub count: u64,
    /// Explicit buckets for custom bounds, exponential buckets otherwise.
    pub buckets: Buckets,
}

/// A native histogram that makes no sense.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NativeHistogramError {
    /// Not one of the known schemas.
    #[error("native histogram has the schema {0}, which is not one of -4 to 8 or {SCHEMA_CUSTOM_BOUNDS}")]
    UnknownSchema(i32),
    /// The zero bucket has a negative width or none at all.
    #[error("native histogram has a zero bucket of impossible width")]
    ZeroThreshold,
    /// The spans and the counts do not fit together.
    #[error("native histogram has {counts} bucket counts for spans of {spans}")]
    SpanLength {
        /// Number of counts.
        counts: usize,
        /// Sum of the spans' lengths.
        spans: u64,
    },
    /// A span begins before the end of the one before.
    #[error("native histogram has overlapping spans")]
    OverlappingSpans,
    /// More counts or bounds than the limit.
    #[error("native histogram has {count} buckets, more than {limit}")]
    TooManyBuckets {
        /// Number given.
        count: usize,
        /// Number allowed.
        limit: usize,
    },
    /// The buckets lie further apart than floating-point numbers.
    #[error("native histogram spans more than the range of numbers")]
    TooWide,
    /// A count is negative or not a number.
    #[error("native histogram has a count of {0}, which is not a number of measurements")]
    InvalidCount(f64),
    /// The custom bounds do not ascend or are not finite.
    #[error("native histogram has custom bounds that do not ascend")]
    UnorderedBounds,
    /// A bucket is beyond the custom bounds.
    #[error("native histogram has a bucket {0} without a custom bound")]
    MissingBound(i64),
}

impl NativeHistogram {
    /// Returns true if the buckets have custom bounds.
    pub fn has_custom_bounds(&self) -> bool {
        self.schema == SCHEMA_CUSTOM_BOUNDS
    }

    /// Returns true if counts are fractions, which [`Self::decode`] rounds.
    pub fn has_fractions(&self) -> bool {
        let counts = self.positive.counts.iter().chain(&self.negative.counts);
        counts.chain([&self.zero_count]).any(|count| count.is_finite() && count.fract() != 0.0)
    }

    /// Converts the buckets. Fractions are rounded to whole measurements. Exponential buckets
    /// become coarser until at most [`MAX_NATIVE_BUCKETS`] remain on each side. A histogram whose
    /// sum is the staleness marker has no buckets.
    pub fn decode(&self) -> Result<DecodedHistogram, NativeHistogramError> {
        if is_stale(self.sum) {
            let buckets = if self.has_custom_bounds() { empty_explicit() } else { empty_exponential() };
            return Ok(DecodedHistogram { count: 0, buckets });
        }
        let buckets = if self.has_custom_bounds() { self.custom()? } else { self.exponential()? };
        let total = match &buckets {
            Buckets::Explicit { counts, .. } => sum_of(counts),
            Buckets::Exponential { zero_count, positive, negative, .. } => {
                sum_of(positive).saturating_add(sum_of(negative)).saturating_add(*zero_count)
            }
            Buckets::Quantiles(_) => 0,
        };
        // NaN counts as a measurement but is in no bucket (specification, "NaN observations").
        let count = if self.sum.is_nan() { total.max(whole(self.count)?) } else { total };
        Ok(DecodedHistogram { count, buckets })
    }

    fn custom(&self) -> Result<Buckets, NativeHistogramError> {
        let bounds = self.custom_bounds.clone();
        if bounds.len() >= MAX_NATIVE_BUCKETS {
            return Err(NativeHistogramError::TooManyBuckets {
                count: bounds.len() + 1,
                limit: MAX_NATIVE_BUCKETS,
            });
        }
        let ascending = bounds.windows(2).all(|pair| pair[0] < pair[1]);
        if !ascending || bounds.iter().any(|bound| !bound.is_finite()) {
            return Err(NativeHistogramError::UnorderedBounds);
        }
        let mut counts = vec![0; bounds.len() + 1];
        for (index, count) in self.positive.indexed()? {
            let slot = usize::try_from(index).ok().and_then(|index| counts.get_mut(index));
            *slot.ok_or(NativeHistogramError::MissingBound(index))? = count;
        }
        Ok(Buckets::Explicit { bounds, counts })
    }

    fn exponential(&self) -> Result<Buckets, NativeHistogramError> {
        if !EXPONENTIAL_SCHEMAS.contains(&self.schema) {
            return Err(NativeHistogramError::UnknownSchema(self.schema));
        }
        if self.zero_threshold.is_nan() || self.zero_threshold < 0.0 {
            return Err(NativeHistogramError::ZeroThreshold);
        }
        let mut scale = self.schema;
        let mut positive = self.positive.indexed()?;
        let mut negative = self.negative.indexed()?;
        for (index, _) in positive.iter_mut().chain(&mut negative) {
            // Bucket i ends at base^i in Prometheus and begins there in OpenTelemetry.
            *index -= 1;
        }
        let limit = MAX_NATIVE_BUCKETS as i64;
        while breadth(&positive) > limit || breadth(&negative) > limit {
            // Two neighbours of one scale are one bucket of the next coarser scale.
            scale -= 1;
            if scale < MIN_SCALE {
                return Err(NativeHistogramError::TooWide);
            }
            positive.iter_mut().chain(&mut negative).for_each(|(index, _)| *index >>= 1);
        }
        let (positive_offset, positive) = dense(&positive)?;
        let (negative_offset, negative) = dense(&negative)?;
        Ok(Buckets::Exponential {
            scale,
            zero_threshold: self.zero_threshold,
            zero_count: whole(self.zero_count)?,
            positive_offset,
            positive,
            negative_offset,
            negative,
        })
    }
}

impl BucketRun {
    /// Returns index and count of every bucket in the spans, ascending.
    fn indexed(&self) -> Result<Vec<(i64, u64)>, NativeHistogramError> {
        let given = if self.counts.is_empty() { self.deltas.len() } else { self.counts.len() };
        let spans: u64 = self.spans.iter().map(|(_, length)| u64::from(*length)).sum();
        if spans != given as u64 {
            return Err(NativeHistogramError::SpanLength { counts: given, spans });
        }
        if given > MAX_COUNTS {
            return Err(NativeHistogramError::TooManyBuckets { count: given, limit: MAX_COUNTS });
        }
        let counts = self.absolute()?;
        let mut buckets = Vec::with_capacity(given);
        let mut index = 0_i64;
        for (position, (gap, length)) in self.spans.iter().enumerate() {
            if position > 0 && *gap < 0 {
                return Err(NativeHistogramError::OverlappingSpans);
            }
            index = index.saturating_add(i64::from(*gap));
            for _ in 0..*length {
                if let Some(count) = counts.get(buckets.len()) {
                    buckets.push((index, *count));
                }
                index = index.saturating_add(1);
            }
        }
        Ok(buckets)
    }

    /// Returns the count of each bucket.
    fn absolute(&self) -> Result<Vec<u64>, NativeHistogramError> {
        if !self.counts.is_empty() {
            return self.counts.iter().map(|count| whole(*count)).collect();
        }
        let mut running = 0_i64;
        let absolute = self.deltas.iter().map(|delta| {
            running = running.checked_add(*delta).unwrap_or(-1);
            u64::try_from(running).map_err(|_| NativeHistogramError::InvalidCount(running as f64))
        });
        absolute.collect()
    }
}

/// Returns the buckets of a point without measurements, with explicit bounds.
fn empty_explicit() -> Buckets {
    Buckets::Explicit { bounds: Vec::new(), counts: vec![0] }
}

/// Returns the buckets of a point without measurements, exponential.
pub(crate) fn empty_exponential() -> Buckets {
    Buckets::Exponential {
        scale: 0,
        zero_threshold: 0.0,
        zero_count: 0,
        positive_offset: 0,
        positive: Vec::new(),
        negative_offset: 0,
        negative: Vec::new(),
    }
}

/// Rounds a count to whole measurements.
fn whole(count: f64) -> Result<u64, NativeHistogramError> {
    let rounded = count.round();
    // NaN fails the comparison too.
    if (0.0..=MAX_COUNT).contains(&rounded) {
        Ok(rounded as u64)
    } else {
        Err(NativeHistogramError::InvalidCount(count))
    }
}

fn sum_of(counts: &[u64]) -> u64 {
    counts.iter().fold(0, |sum, count| sum.saturating_add(*count))
}

/// Returns the number of buckets from the first to the last.
fn breadth(buckets: &[(i64, u64)]) -> i64 {
    match (buckets.first(), buckets.last()) {
        (Some(first), Some(last)) => last.0.saturating_sub(first.0).saturating_add(1),
        _ => 0,
    }
}

/// Returns offset and counts with the gaps filled. Counts of the same index are added.
fn dense(buckets: &[(i64, u64)]) -> Result<(i32, Vec<u64>), NativeHistogramError> {
    let Some((first, _)) = buckets.first() else { return Ok((0, Vec::new())) };
    let offset = i32::try_from(*first).map_err(|_| NativeHistogramError::TooWide)?;
    let mut counts = vec![0_u64; usize::try_from(breadth(buckets)).unwrap_or_default()];
    for (index, count) in buckets {
        if let Some(slot) = usize::try_from(index - first).ok().and_then(|slot| counts.get_mut(slot)) {
            *slot = slot.saturating_add(*count);
        }
    }
    Ok((offset, counts))
}

#[cfg(test)]
mod tests;
