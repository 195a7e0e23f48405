//! Prometheus' native histograms (specification "Native Histograms"): exponential buckets and buckets with bounds of
//! their own, with whole or with broken counts.

use model::{Buckets, HistogramPoint, STALE, SeriesId, Timestamp, is_stale};

use super::wire::{Fields, Value, WireError, zigzag};
use crate::otlp::buckets::{MAX_BUCKETS, no_explicit, no_exponential};

/// The schema of buckets with bounds of their own.
const CUSTOM: i64 = -53;
/// Schemas of exponential buckets.
const SCHEMAS: std::ops::RangeInclusive<i64> = -4..=8;
/// A scale at which one bucket holds every number there is.
const COARSEST: i32 = -11;
/// The reset hint of a histogram that goes up and down.
const HINT_GAUGE: u64 = 3;

/// A histogram as it came.
#[derive(Debug, Default)]
pub(crate) struct Native {
    count: f64,
    sum: f64,
    schema: i64,
    zero_threshold: f64,
    zero_count: f64,
    negative: Side,
    positive: Side,
    reset_hint: u64,
    custom_values: Vec<f64>,
    /// Milliseconds since the epoch.
    pub(crate) timestamp: i64,
    /// Milliseconds since the epoch, 0 if not told.
    pub(crate) start_timestamp: i64,
}

/// The buckets on one side of zero.
#[derive(Debug, Default)]
struct Side {
    /// Gap to the span before (or the first index), and length.
    spans: Vec<(i64, u64)>,
    deltas: Vec<i64>,
    counts: Vec<f64>,
}

impl Native {
    /// Reads the message, whose fields have the same numbers in remote write 1.0 and 2.0.
    pub(crate) fn read(message: &[u8]) -> Result<Self, WireError> {
        let mut native = Self::default();
        let mut fields = Fields::of(message);
        while let Some((number, value)) = fields.next_field()? {
            match number {
                1 => native.count = value.number()? as f64,
                2 => native.count = value.double()?,
                3 => native.sum = value.double()?,
                4 => native.schema = zigzag(value.number()?),
                5 => native.zero_threshold = value.double()?,
                6 => native.zero_count = value.number()? as f64,
                7 => native.zero_count = value.double()?,
                8 => native.negative.spans.push(span(value)?),
                9 => value.each_number(|delta| native.negative.deltas.push(zigzag(delta)))?,
                10 => value.each_double(|count| native.negative.counts.push(count))?,
                11 => native.positive.spans.push(span(value)?),
                12 => value.each_number(|delta| native.positive.deltas.push(zigzag(delta)))?,
                13 => value.each_double(|count| native.positive.counts.push(count))?,
                14 => native.reset_hint = value.number()?,
                15 => native.timestamp = value.signed()?,
                16 => value.each_double(|bound| native.custom_values.push(bound))?,
                17 => native.start_timestamp = value.signed()?,
                _ => {}
            }
        }
        Ok(native)
    }

    /// Whether the buckets have bounds of their own.
    pub(crate) fn is_custom(&self) -> bool {
        self.schema == CUSTOM
    }

    /// Whether each point stands for itself instead of adding to the one before.
    pub(crate) fn is_gauge(&self) -> bool {
        self.reset_hint == HINT_GAUGE
    }

    /// Whether counts are fractions, which are rounded.
    pub(crate) fn is_fractional(&self) -> bool {
        let counts = self.positive.counts.iter().chain(&self.negative.counts);
        counts.chain([&self.zero_count]).any(|count| count.is_finite() && count.fract() != 0.0)
    }

    /// The point with series and times left open, or why it makes no sense. WireError counts are rounded, and the count
    /// of the whole is the sum of its buckets.
    pub(crate) fn point(&self) -> Result<HistogramPoint, String> {
        let point = |count, sum, buckets| HistogramPoint {
            series: SeriesId(0),
            time: Timestamp(0),
            start_time: None,
            count,
            sum,
            min: None,
            max: None,
            buckets,
        };
        if is_stale(self.sum) {
            let none = if self.is_custom() { no_explicit() } else { no_exponential() };
            return Ok(point(0, Some(STALE), none));
        }
        let buckets = if self.is_custom() { self.custom()? } else { self.exponential()? };
        let total = match &buckets {
            Buckets::Explicit { counts, .. } => sum_of(counts),
            Buckets::Exponential { zero_count, positive, negative, .. } => {
                sum_of(positive).saturating_add(sum_of(negative)).saturating_add(*zero_count)
            }
            Buckets::Quantiles(_) => 0,
        };
        // With NaN among the measurements the count is larger than the buckets together (specification).
        let count = if self.sum.is_nan() { total.max(whole(self.count)?) } else { total };
        Ok(point(count, Some(self.sum), buckets))
    }

    fn custom(&self) -> Result<Buckets, String> {
        let bounds = self.custom_values.clone();
        if bounds.len() >= MAX_BUCKETS {
            return Err(format!("histogram has {} bounds, more than {MAX_BUCKETS}", bounds.len()));
        }
        let ascending = bounds.windows(2).all(|pair| pair[0] < pair[1]);
        if !ascending || bounds.iter().any(|bound| !bound.is_finite()) {
            return Err("histogram bounds do not ascend".to_owned());
        }
        let mut counts = vec![0; bounds.len() + 1];
        for (index, count) in self.positive.indexed()? {
            let place = usize::try_from(index).ok().and_then(|index| counts.get_mut(index));
            *place.ok_or_else(|| format!("histogram bucket {index} has no bound"))? = count;
        }
        Ok(Buckets::Explicit { bounds, counts })
    }

    fn exponential(&self) -> Result<Buckets, String> {
        if !SCHEMAS.contains(&self.schema) {
            return Err(format!("histogram schema {} is not known", self.schema));
        }
        if self.zero_threshold.is_nan() || self.zero_threshold < 0.0 {
            return Err("histogram has a zero bucket of impossible width".to_owned());
        }
        let mut scale = self.schema as i32;
        let mut positive = self.positive.indexed()?;
        let mut negative = self.negative.indexed()?;
        for (index, _) in positive.iter_mut().chain(&mut negative) {
            // Bucket i ends at base^i here and begins there in OpenTelemetry's model.
            *index -= 1;
        }
        while breadth(&positive) > MAX_BUCKETS as i64 || breadth(&negative) > MAX_BUCKETS as i64 {
            // Two neighbours of one scale are one bucket of the next coarser one.
            scale -= 1;
            if scale < COARSEST {
                return Err("histogram spans more than numbers can".to_owned());
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

impl Side {
    /// Index and count of every bucket in the spans, ascending.
    fn indexed(&self) -> Result<Vec<(i64, u64)>, String> {
        let length = self.deltas.len().max(self.counts.len());
        let told: u64 = self.spans.iter().fold(0, |sum, (_, length)| sum.saturating_add(*length));
        if told != length as u64 || (!self.deltas.is_empty() && !self.counts.is_empty()) {
            return Err(format!("histogram has {length} bucket counts for spans of {told}"));
        }
        if length > MAX_BUCKETS {
            return Err(format!("histogram has {length} buckets, more than {MAX_BUCKETS}"));
        }
        let mut buckets = Vec::with_capacity(length);
        let (mut index, mut running) = (0_i64, 0_i64);
        for (position, (gap, length)) in self.spans.iter().enumerate() {
            if position > 0 && *gap < 0 {
                return Err("histogram spans overlap".to_owned());
            }
            index = index.saturating_add(*gap);
            for _ in 0..*length {
                let place = buckets.len();
                let count = match self.deltas.get(place) {
                    Some(delta) => {
                        running = running.saturating_add(*delta);
                        u64::try_from(running).map_err(|_| "histogram has a negative count".to_owned())?
                    }
                    None => whole(self.counts.get(place).copied().unwrap_or_default())?,
                };
                buckets.push((index, count));
                index = index.saturating_add(1);
            }
        }
        Ok(buckets)
    }
}

fn span(value: Value<'_>) -> Result<(i64, u64), WireError> {
    let (mut offset, mut length) = (0, 0);
    let mut fields = Fields::of(value.bytes()?);
    while let Some((number, value)) = fields.next_field()? {
        match number {
            1 => offset = i64::from(zigzag(value.number()?) as i32),
            2 => length = value.number()?,
            _ => {}
        }
    }
    Ok((offset, length))
}

fn whole(count: f64) -> Result<u64, String> {
    // NaN fails the comparison too.
    if (0.0..=9.0e18).contains(&count) {
        Ok(count.round() as u64)
    } else {
        Err(format!("histogram has a count of {count}"))
    }
}

fn sum_of(counts: &[u64]) -> u64 {
    counts.iter().fold(0, |sum, count| sum.saturating_add(*count))
}

/// How many buckets lie from the first to the last.
fn breadth(buckets: &[(i64, u64)]) -> i64 {
    match (buckets.first(), buckets.last()) {
        (Some(first), Some(last)) => last.0.saturating_sub(first.0).saturating_add(1),
        _ => 0,
    }
}

/// Offset and counts with the gaps filled; counts of the same index are added.
fn dense(buckets: &[(i64, u64)]) -> Result<(i32, Vec<u64>), String> {
    let Some((first, _)) = buckets.first() else { return Ok((0, Vec::new())) };
    let offset = i32::try_from(*first).map_err(|_| format!("histogram bucket {first} is out of range"))?;
    let mut counts = vec![0_u64; usize::try_from(breadth(buckets)).unwrap_or_default()];
    for (index, count) in buckets {
        if let Some(place) = usize::try_from(index - first).ok().and_then(|place| counts.get_mut(place)) {
            *place = place.saturating_add(*count);
        }
    }
    Ok((offset, counts))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(spans: &[(i64, u64)], deltas: &[i64]) -> Side {
        Side { spans: spans.to_vec(), deltas: deltas.to_vec(), counts: Vec::new() }
    }

    #[test]
    fn exponential_buckets_move_by_one_and_gaps_are_filled() {
        let native = Native {
            schema: 3,
            zero_count: 2.0,
            zero_threshold: 0.001,
            sum: 9.0,
            positive: side(&[(-1, 2), (2, 1)], &[1, 2, -2]),
            negative: side(&[(4, 1)], &[7]),
            ..Native::default()
        };
        let point = native.point().unwrap();
        assert_eq!(point.count, 2 + 1 + 3 + 1 + 7);
        let expected = Buckets::Exponential {
            scale: 3,
            zero_threshold: 0.001,
            zero_count: 2,
            positive_offset: -2,
            positive: vec![1, 3, 0, 0, 1],
            negative_offset: 3,
            negative: vec![7],
        };
        assert_eq!(point.buckets, expected);
    }

    #[test]
    fn bounds_of_their_own_and_broken_counts() {
        let native = Native {
            schema: CUSTOM,
            custom_values: vec![0.5, 1.0, 2.0],
            positive: Side { spans: vec![(1, 1), (1, 1)], deltas: vec![], counts: vec![2.6, 1.0] },
            ..Native::default()
        };
        let expected = Buckets::Explicit { bounds: vec![0.5, 1.0, 2.0], counts: vec![0, 3, 0, 1] };
        assert_eq!(native.point().unwrap().buckets, expected);
    }

    #[test]
    fn wide_histograms_are_made_coarser_and_keep_their_count() {
        let native =
            Native { schema: 8, positive: side(&[(-20_000, 1), (39_998, 1)], &[5, 1]), ..Native::default() };
        let point = native.point().unwrap();
        let Buckets::Exponential { scale, positive, positive_offset, .. } = &point.buckets else { panic!() };
        assert!(*scale == 4 && positive.len() <= MAX_BUCKETS && point.count == 11);
        assert_eq!(*positive_offset, -20_001 >> 4);
    }

    #[test]
    fn nonsense_is_refused() {
        for native in [
            Native { schema: 9, ..Native::default() },
            Native { zero_count: -1.0, ..Native::default() },
            Native { zero_count: f64::NAN, ..Native::default() },
            Native { zero_threshold: -1.0, ..Native::default() },
            Native { positive: side(&[(0, u64::MAX), (0, 2)], &[1]), ..Native::default() },
            Native { positive: side(&[(0, 1)], &[-1]), ..Native::default() },
            Native { positive: side(&[(0, 1), (-5, 1)], &[1, 1]), ..Native::default() },
            Native { schema: CUSTOM, positive: side(&[(1, 1)], &[1]), ..Native::default() },
            Native { schema: CUSTOM, custom_values: vec![2.0, 1.0], ..Native::default() },
        ] {
            assert!(native.point().is_err(), "{native:?}");
        }
        let stale = Native { sum: STALE, schema: 99, ..Native::default() }.point().unwrap();
        assert!(stale.count == 0 && stale.sum.is_some_and(is_stale));
    }
}
