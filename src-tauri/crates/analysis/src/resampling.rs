//! Intervals by drawing again from the sample: a seeded block bootstrap of two quantiles at once.

use crate::{correlation::autocorrelation, statistics::ranks};

/// At most this many values a side are drawn from.
const MAX_VALUES: usize = 2_000;

/// Small, fast and good enough for drawing again: SplitMix64 (Steele, Lea and Flood 2014).
pub(crate) struct SplitMix(pub(crate) u64);

impl SplitMix {
    /// The next 64 random bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A random number below `limit`, which is not 0.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        ((u128::from(self.bits()) * limit as u128) >> 64) as usize
    }
}

/// One sample prepared for drawing again.
pub(crate) struct Resampler {
    sorted: Vec<f64>,
    /// Place in `sorted` of each value, in order of arrival.
    positions: Vec<usize>,
    block: usize,
    /// By how much autocorrelation inflates the variance of a mean of ranks, at least 1.
    pub(crate) inflation: f64,
    counts: Vec<u32>,
}

impl Resampler {
    /// Prepares finite values in order of arrival. Values in perfect order of size were sorted on
    /// the way and carry no order of arrival.
    pub(crate) fn new(values: &[f64]) -> Self {
        let stride = values.len().div_ceil(MAX_VALUES).max(1);
        let kept: Vec<f64> = values.iter().copied().step_by(stride).collect();
        let mut order: Vec<usize> = (0..kept.len()).collect();
        order.sort_by(|left, right| kept[*left].total_cmp(&kept[*right]));
        let sorted: Vec<f64> = order.iter().map(|index| kept[*index]).collect();
        let mut positions = vec![0; kept.len()];
        for (position, index) in order.iter().enumerate() {
            positions[*index] = position;
        }
        let (block, inflation) = if kept.is_sorted() { (1, 1.0) } else { dependence(&kept) };
        Self { counts: vec![0; kept.len()], sorted, positions, block, inflation }
    }

    /// Two quantiles of one sample drawn again (nearest rank); the sample is not empty.
    pub(crate) fn draw(&mut self, random: &mut SplitMix, quantiles: [f64; 2]) -> [f64; 2] {
        let count = self.positions.len();
        self.counts.fill(0);
        let mut drawn = 0;
        while drawn < count {
            let start = random.below(count);
            for offset in 0..self.block.min(count - drawn) {
                self.counts[self.positions[(start + offset) % count]] += 1;
                drawn += 1;
            }
        }
        quantiles.map(|quantile| self.at(quantile))
    }

    fn at(&self, quantile: f64) -> f64 {
        let wanted = (quantile * (self.positions.len() - 1) as f64).round() as u32;
        let mut seen = 0;
        for (value, count) in self.sorted.iter().zip(&self.counts) {
            seen += count;
            if seen > wanted {
                return *value;
            }
        }
        self.sorted[self.sorted.len() - 1]
    }
}

/// Block length and variance inflation from the autocorrelation of the ranks. The inflation is
/// summed to the first lag that is within noise, the block is the length that Carlstein (1986)
/// gives for a first-order process of the same inflation.
fn dependence(values: &[f64]) -> (usize, f64) {
    let count = values.len();
    let noise = 2.0 / (count as f64).sqrt();
    let correlations = autocorrelation(&ranks(values), count / 4);
    let sum: f64 = correlations.iter().skip(1).take_while(|correlation| **correlation > noise).sum();
    if sum <= 0.0 {
        return (1, 1.0);
    }
    let inflation = 1.0 + 2.0 * sum;
    let first_order = (inflation - 1.0) / (inflation + 1.0);
    let length =
        (2.0 * first_order / (1.0 - first_order * first_order)).powf(2.0 / 3.0) * (count as f64).cbrt();
    ((length.ceil() as usize).clamp(1, (count / 4).max(1)), inflation)
}
