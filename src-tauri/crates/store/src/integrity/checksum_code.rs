//! The checksum of the database's blocks and log entries, as a code that corrects one byte.
//!
//! The checksum is the XOR of all 64-bit words, each multiplied by an odd constant. A wrong word is
//! therefore known up to its position. Only a few positions, mostly one, give a word that differs
//! in a single byte. Source: `src/common/checksum.cpp` of DuckDB 1.5.

/// The factor of each word.
const FACTOR: u64 = 0xbf58_476d_1ce4_e5b9;
/// The checksum of no words.
const SEED: u64 = 5381;
/// The inverse of [`FACTOR`] modulo 2^64.
const INVERSE: u64 = inverse(FACTOR);

/// Returns the inverse of an odd number modulo 2^64, by Newton's method.
const fn inverse(odd: u64) -> u64 {
    let (mut inverse, mut round) = (odd, 0);
    while round < 6 {
        inverse = inverse.wrapping_mul(2_u64.wrapping_sub(odd.wrapping_mul(inverse)));
        round += 1;
    }
    inverse
}

/// Positions of a removed byte that are compared.
const MAX_REMOVALS: usize = 64;

/// A single damaged byte that explains a checksum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Correction {
    /// The byte at a position of the data has another value.
    Byte { position: usize, value: u8 },
    /// The stored checksum is wrong, the data are right.
    Stored(u64),
}

/// Returns the checksum of data.
pub(crate) fn checksum(data: &[u8]) -> u64 {
    let (words, rest) = data.as_chunks::<8>();
    let sum = words.iter().fold(SEED, |sum, word| sum ^ u64::from_le_bytes(*word).wrapping_mul(FACTOR));
    if rest.is_empty() { sum } else { sum ^ remainder(rest) }
}

/// Returns the XOR of the hashed words of data, without the seed, up to each word.
pub(crate) fn running(data: &[u8]) -> Vec<u64> {
    let (words, _) = data.as_chunks::<8>();
    let mut sums = Vec::with_capacity(words.len() + 1);
    sums.push(0);
    let mut sum = 0;
    for word in words {
        sum ^= u64::from_le_bytes(*word).wrapping_mul(FACTOR);
        sums.push(sum);
    }
    sums
}

/// Returns the checksum of the first `length` bytes of data, from its [`running`] sums.
pub(crate) fn checksum_of_prefix(data: &[u8], sums: &[u64], length: usize) -> Option<u64> {
    let sum = SEED ^ sums.get(length / 8)?;
    let rest = data.get(length / 8 * 8..length)?;
    Some(if rest.is_empty() { sum } else { sum ^ remainder(rest) })
}

/// Finds the only single byte that explains why data have another checksum than the stored one.
/// Returns none if no byte does, or several do.
pub(crate) fn correct(data: &[u8], stored: u64) -> Option<Correction> {
    let mut found = corrections(data, stored);
    found.pop().filter(|_| found.is_empty())
}

/// Finds every single byte that explains why data have another checksum than the stored one. The
/// highest byte of the checksum and that of each word explain each other.
pub(crate) fn corrections(data: &[u8], stored: u64) -> Vec<Correction> {
    let computed = checksum(data);
    let difference = computed ^ stored;
    let mut found = Vec::new();
    if is_one_byte(difference) {
        found.push(Correction::Stored(computed));
    }
    let (words, rest) = data.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let right = (word.wrapping_mul(FACTOR) ^ difference).wrapping_mul(INVERSE);
        if is_one_byte(right ^ word) {
            let byte = ((right ^ word).trailing_zeros() / 8) as usize;
            found.push(Correction::Byte { position: index * 8 + byte, value: right.to_le_bytes()[byte] });
        }
    }
    let mut tail = rest.to_vec();
    for position in 0..rest.len() {
        for value in 0..=u8::MAX {
            let before = std::mem::replace(&mut tail[position], value);
            if value != before && remainder(&tail) == remainder(rest) ^ difference {
                found.push(Correction::Byte { position: words.len() * 8 + position, value });
            }
            tail[position] = before;
        }
    }
    found
}

/// Restores data of `length` bytes of which one byte was removed, by their checksum. `left` begins
/// where the data begin. Returns none if no byte at any position explains the checksum.
///
/// Equal words cancel out in the checksum. Where words are repeated, several positions explain it,
/// and the one that restores most repetitions is right. Returns none if that is not clear.
pub(crate) fn restore_removed(left: &[u8], length: usize, stored: u64) -> Option<Vec<u8>> {
    let left = left.get(..length.checked_sub(1)?)?;
    let mut found: Vec<(usize, u8)> = Vec::new();
    for (position, value) in removals(left, length, stored)? {
        // A byte of a run of equal bytes may be put back anywhere in it.
        let is_same = found.last().is_some_and(|(before, byte)| {
            *byte == value
                && left.get(*before..position).is_some_and(|run| run.iter().all(|one| *one == value))
        });
        if !is_same {
            found.push((position, value));
        }
        if found.len() > MAX_REMOVALS {
            return None;
        }
    }
    let mut restored: Vec<(usize, Vec<u8>)> = found
        .into_iter()
        .map(|(position, value)| with_byte(left, position, value))
        .map(|data| (repetitions(&data), data))
        .collect();
    restored.sort_by_key(|(repetitions, _)| std::cmp::Reverse(*repetitions));
    let is_clear = match restored.as_slice() {
        [(best, _), (second, _), ..] => best > second,
        _ => true,
    };
    restored.into_iter().next().filter(|_| is_clear).map(|(_, data)| data)
}

/// Returns the number of words that are equal to the word before.
fn repetitions(data: &[u8]) -> usize {
    let (words, _) = data.as_chunks::<8>();
    words.windows(2).filter(|pair| pair[0] == pair[1]).count()
}

/// Returns the positions and values of single bytes that explain the checksum of data of a length
/// if they are put back into what is left.
fn removals(left: &[u8], length: usize, stored: u64) -> Option<Vec<(usize, u8)>> {
    let mut found = Vec::new();
    let whole_words = length / 8;
    // Words before the removed byte are in place, those after it are one byte early.
    let before = running(left);
    let after = running(left.get(7..).unwrap_or_default());
    let rest_length = length % 8;
    let rest = left.get(left.len().saturating_sub(rest_length)..).unwrap_or_default();
    let rest_sum = if rest_length == 0 { 0 } else { remainder(rest) };
    for index in 0..whole_words {
        // The words after this one begin at byte 8 * index + 7 of what is left.
        let following = after.get(whole_words - 1)? ^ after.get(index)?;
        let target = stored ^ SEED ^ before.get(index)? ^ following ^ rest_sum;
        let word = target.wrapping_mul(INVERSE).to_le_bytes();
        let bytes = left.get(index * 8..index * 8 + 7)?;
        let removed = (0..8).find(|removed| {
            word.iter()
                .enumerate()
                .filter(|(position, _)| position != removed)
                .map(|(_, byte)| byte)
                .eq(bytes)
        });
        if let Some(removed) = removed {
            found.push((index * 8 + removed, word[removed]));
        }
    }
    let start = whole_words * 8;
    for position in start..length {
        for value in 0..=u8::MAX {
            if checksum(&with_byte(left, position, value)) == stored {
                found.push((position, value));
            }
        }
    }
    Some(found)
}

/// Returns bytes with one more at a position.
pub(crate) fn with_byte(bytes: &[u8], position: usize, value: u8) -> Vec<u8> {
    let (head, tail) = bytes.split_at(position.min(bytes.len()));
    [head, &[value], tail].concat()
}

/// Returns whether a number has exactly one byte that is not zero.
fn is_one_byte(number: u64) -> bool {
    number != 0 && number.trailing_zeros() / 8 == 7 - number.leading_zeros() / 8
}

/// Returns the hash of the last 1 to 7 bytes.
fn remainder(rest: &[u8]) -> u64 {
    const M: u64 = 0xc6a4_a793_5bd1_e995;
    let mut hash = 0xe17a_1465 ^ (rest.len() as u64).wrapping_mul(M);
    let word = rest.iter().rev().fold(0, |word, byte| (word << 8) | u64::from(*byte));
    hash = (hash ^ word).wrapping_mul(M);
    hash ^= hash >> 47;
    hash = hash.wrapping_mul(M);
    hash ^ (hash >> 47)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(length: usize) -> Vec<u8> {
        (0..length as u64).map(|n| (xxhash_rust::xxh3::xxh3_64(&n.to_le_bytes()) >> 40) as u8).collect()
    }

    #[test]
    fn a_changed_byte_is_corrected_or_ambiguous_but_never_wrong() {
        for length in [1, 7, 8, 40, 4088, 65_528, 65_531] {
            let data = noise(length);
            let stored = checksum(&data);
            let (mut corrected, mut low, mut tried) = (0, 0, 0);
            for position in (0..length).step_by(length / 40 + 1) {
                let mut damaged = data.clone();
                damaged[position] ^= 0x21;
                tried += 1;
                let right = Correction::Byte { position, value: data[position] };
                match correct(&damaged, stored) {
                    Some(found) => assert_eq!(found, right),
                    None => continue,
                }
                corrected += 1;
                low += usize::from(position % 8 < 4);
            }
            assert!(corrected * 2 >= tried, "{length}: {corrected} of {tried}");
            assert!(low * 3 >= tried, "{length}: {low} of {tried}");
        }
    }

    #[test]
    fn a_damaged_checksum_is_corrected() {
        let data = noise(4088);
        let stored = checksum(&data);
        assert_eq!(correct(&data, stored ^ 0xff00), Some(Correction::Stored(stored)));
        assert_eq!(correct(&data, stored ^ 0xff01), None);
    }

    #[test]
    fn a_removed_byte_is_restored_wherever_it_was() {
        for length in [1, 5, 8, 15, 16, 23, 4088] {
            let data = noise(length);
            for position in (0..length).step_by(length / 300 + 1) {
                let mut left = data.clone();
                left.remove(position);
                left.extend([1, 2, 3]);
                let restored = restore_removed(&left, length, checksum(&data));
                assert_eq!(restored.as_deref(), Some(&*data), "{length} {position}");
            }
        }
        assert_eq!(restore_removed(&noise(4087), 4088, 7), None);
    }

    #[test]
    fn a_byte_removed_from_repeated_words_is_restored() {
        for word in [0_u64, 7, 0x0102_0304_0506_0708, 1_700_000_000_000_000_000] {
            let data = [&noise(83)[..40], &word.to_le_bytes().repeat(50), &noise(83)[40..]].concat();
            let mut unclear = 0;
            for position in 0..data.len() {
                let mut left = data.clone();
                left.remove(position);
                left.push(9);
                match restore_removed(&left, data.len(), checksum(&data)) {
                    Some(restored) => assert!(restored == data, "{word} {position}"),
                    None => unclear += 1,
                }
            }
            assert!(unclear * 20 < data.len(), "{word}: {unclear}");
        }
    }

    #[test]
    fn a_prefix_has_the_checksum_of_its_bytes() {
        let data = noise(100);
        let sums = running(&data);
        for length in 0..=100 {
            assert_eq!(checksum_of_prefix(&data, &sums, length), Some(checksum(&data[..length])));
        }
        assert_eq!(checksum_of_prefix(&data, &sums, 101), None);
    }
}
