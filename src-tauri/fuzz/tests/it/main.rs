//! Each target over its seeds and simple mutations of them, with a fixed seed.

use std::panic::{AssertUnwindSafe, catch_unwind};

use fuzz::{TARGETS, Target};
use rand::{Rng, SeedableRng, rngs::StdRng};

const ROUNDS: usize = 2_000;
const SEED: u64 = 20_261_129;

/// Changes, removes, repeats or joins bytes of a seed.
fn mutate(target: &Target, random: &mut StdRng) -> Vec<u8> {
    let seed = |random: &mut StdRng| target.seeds[random.random_range(0..target.seeds.len())];
    let mut bytes = seed(random).to_vec();
    for _ in 0..random.random_range(1..6) {
        let place = random.random_range(0..=bytes.len());
        match random.random_range(0..5) {
            0 if place < bytes.len() => bytes[place] = random.random(),
            1 => bytes.truncate(place),
            2 => bytes.insert(place, random.random()),
            3 => bytes.extend_from_slice(seed(random)),
            _ => {
                let end = random.random_range(place..=bytes.len());
                let run = bytes[place..end].to_vec();
                bytes.splice(place..place, run);
            }
        }
    }
    bytes
}

#[test]
fn mutated_seeds_are_parsed_or_refused() {
    for target in TARGETS {
        let mut random = StdRng::seed_from_u64(SEED);
        for seed in target.seeds {
            (target.run)(seed);
        }
        for round in 0..ROUNDS {
            let bytes = mutate(target, &mut random);
            let outcome = catch_unwind(AssertUnwindSafe(|| (target.run)(&bytes)));
            assert!(outcome.is_ok(), "{} panics in round {round}: {}", target.name, bytes.escape_ascii());
        }
    }
}

#[test]
fn names_are_unique_and_every_target_has_seeds() {
    for (index, target) in TARGETS.iter().enumerate() {
        assert!(!target.seeds.is_empty(), "{}", target.name);
        assert!(TARGETS.iter().skip(index + 1).all(|other| other.name != target.name), "{}", target.name);
    }
}
