//! An estimate of the number of distinct values, in one KiB.

/// Registers of eight bits; the standard error is 1.04 / sqrt(1024), some 3 %.
const REGISTERS: usize = 1024;
const INDEX_BITS: u32 = REGISTERS.trailing_zeros();

/// HyperLogLog (Flajolet, Fusy, Gandouet, Meunier, "HyperLogLog: the analysis of a near-optimal
/// cardinality estimation algorithm", 2007) over 64-bit hashes, with linear counting for small
/// numbers.
#[derive(Debug, Clone)]
pub(crate) struct DistinctCount(Box<[u8]>);

impl Default for DistinctCount {
    fn default() -> Self {
        Self(vec![0; REGISTERS].into_boxed_slice())
    }
}

impl DistinctCount {
    /// Adds a value by its hash.
    pub(crate) fn add(&mut self, hash: u64) {
        let index = (hash >> (64 - INDEX_BITS)) as usize;
        // The bit below the hash ends the run of zeros of the last possible hash.
        let rank = ((hash << INDEX_BITS) | (1 << (INDEX_BITS - 1))).leading_zeros() as u8 + 1;
        if let Some(register) = self.0.get_mut(index) {
            *register = (*register).max(rank);
        }
    }

    /// Estimates the number of distinct hashes.
    pub(crate) fn estimate(&self) -> u64 {
        let size = REGISTERS as f64;
        let empty = self.0.iter().filter(|rank| **rank == 0).count() as f64;
        let sum: f64 = self.0.iter().map(|rank| f64::from(*rank).exp2().recip()).sum();
        let raw = 0.7213 / (1.0 + 1.079 / size) * size * size / sum;
        let estimate = if raw <= 2.5 * size && empty > 0.0 { size * (size / empty).ln() } else { raw };
        estimate.round() as u64
    }
}

#[cfg(test)]
mod tests {
    use xxhash_rust::xxh3::xxh3_64;

    use super::*;

    #[test]
    fn estimates_are_near_at_every_size_and_repeats_do_not_count() {
        for size in [0u64, 1, 10, 500, 3_000, 100_000] {
            let mut count = DistinctCount::default();
            for number in (0..size).chain(0..size) {
                count.add(xxh3_64(&number.to_le_bytes()));
            }
            let error = count.estimate().abs_diff(size);
            assert!(error as f64 <= 0.1 * size as f64 + 0.5, "{size}: {}", count.estimate());
        }
    }
}
