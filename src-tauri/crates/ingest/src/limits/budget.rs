//! The budget of memory that all receivers share.
//!
//! A request takes bytes from it before it allocates them: as its body arrives, for decompression,
//! for decoding, and until its records are committed.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::rejection::Rejection;

/// The default size of the budget.
const DEFAULT_BYTES: usize = 128 << 20;
/// Maximum bytes of one request, but at most half of the budget.
const MAX_REQUEST_BYTES: usize = 64 << 20;
/// Bytes that a reservation takes from the budget at a time, so that most charges touch no shared
/// memory.
const BLOCK_BYTES: usize = 16 << 10;
/// Bytes of a body that may arrive when incomplete bodies fill half of the budget.
const FREE_ARRIVING_BYTES: usize = 256 << 10;

/// A budget of bytes. Clones share it.
#[derive(Clone)]
pub struct IntakeBudget(Arc<Shared>);

struct Shared {
    limit: AtomicUsize,
    taken: AtomicUsize,
}

impl Default for IntakeBudget {
    /// 128 MiB.
    fn default() -> Self {
        Self(Arc::new(Shared { limit: AtomicUsize::new(DEFAULT_BYTES), taken: AtomicUsize::new(0) }))
    }
}

impl fmt::Debug for IntakeBudget {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} of {} bytes", self.taken(), self.limit())
    }
}

impl IntakeBudget {
    /// Sets the size. Bytes that are taken stay taken.
    pub fn set_limit(&self, bytes: usize) {
        self.0.limit.store(bytes, Ordering::Relaxed);
    }

    /// Returns the bytes that are taken.
    pub fn taken(&self) -> usize {
        self.0.taken.load(Ordering::Relaxed)
    }

    fn limit(&self) -> usize {
        self.0.limit.load(Ordering::Relaxed)
    }

    /// Begins a request, which has taken nothing yet.
    pub(crate) fn reservation(&self) -> Reservation {
        Reservation { budget: self.clone(), taken: 0, used: 0 }
    }

    /// Takes bytes unless more than `ceiling` would be taken then.
    fn take(&self, bytes: usize, ceiling: usize) -> bool {
        let within = |taken: usize| taken.checked_add(bytes).filter(|after| *after <= ceiling);
        self.0.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, within).is_ok()
    }

    fn give_back(&self, bytes: usize) {
        self.0.taken.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// The bytes that one request has taken. It gives them back when dropped.
#[derive(Debug)]
pub(crate) struct Reservation {
    budget: IntakeBudget,
    /// Bytes taken from the budget, in whole blocks.
    taken: usize,
    /// Bytes of them that are in use.
    used: usize,
}

impl Reservation {
    /// Takes bytes that are about to be allocated.
    ///
    /// Fails with [`Rejection::TooLarge`] if the request exceeds its own maximum, and with
    /// [`Rejection::IntakeFull`] if the budget has too few left.
    pub(crate) fn charge(&mut self, bytes: usize) -> Result<(), Rejection> {
        let limit = self.budget.limit();
        self.charge_within(bytes, limit)
    }

    /// Takes bytes for a body that is not complete. Beyond its first
    /// [`FREE_ARRIVING_BYTES`] it only has half of the budget, so that slow bodies leave the rest.
    pub(crate) fn charge_arriving(&mut self, bytes: usize) -> Result<(), Rejection> {
        let limit = self.budget.limit();
        let is_free = self.used.saturating_add(bytes) <= FREE_ARRIVING_BYTES;
        self.charge_within(bytes, if is_free { limit } else { limit / 2 })
    }

    fn charge_within(&mut self, bytes: usize, ceiling: usize) -> Result<(), Rejection> {
        let used = self.used.saturating_add(bytes);
        if used > self.taken {
            let max = self.max_bytes();
            if used > max {
                return Err(Rejection::TooLarge(format!(
                    "the request needs more than {} MiB of memory, send smaller batches",
                    max >> 20
                )));
            }
            let missing = (used - self.taken).next_multiple_of(BLOCK_BYTES);
            if !self.budget.take(missing, ceiling) {
                return Err(Rejection::IntakeFull);
            }
            self.taken += missing;
        }
        self.used = used;
        Ok(())
    }

    /// Returns the budget.
    pub(crate) fn budget(&self) -> &IntakeBudget {
        &self.budget
    }

    /// Returns the maximum bytes of the request.
    fn max_bytes(&self) -> usize {
        MAX_REQUEST_BYTES.min(self.budget.limit() / 2)
    }

    /// Returns the bytes that the request may still take.
    pub(crate) fn remaining(&self) -> usize {
        self.max_bytes().saturating_sub(self.used)
    }

    /// Gives back bytes that were freed.
    pub(crate) fn release(&mut self, bytes: usize) {
        self.used = self.used.saturating_sub(bytes);
        let excess = (self.taken - self.used) / BLOCK_BYTES * BLOCK_BYTES;
        self.budget.give_back(excess);
        self.taken -= excess;
    }

    /// Gives back all but `bytes`.
    pub(crate) fn release_all_but(&mut self, bytes: usize) {
        self.release(self.used.saturating_sub(bytes));
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.budget.give_back(self.taken);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_share_the_budget_and_give_it_back() {
        let budget = IntakeBudget::default();
        budget.set_limit(1 << 20);
        let mut first = budget.reservation();
        first.charge(512 << 10).unwrap();
        assert!(matches!(first.charge(1), Err(Rejection::TooLarge(_))), "half of the budget at most");
        let mut second = budget.reservation();
        second.charge(400 << 10).unwrap();
        assert_eq!(budget.reservation().charge(128 << 10), Err(Rejection::IntakeFull));
        first.release_all_but(256 << 10);
        budget.reservation().charge(128 << 10).unwrap();
        drop((first, second));
        assert_eq!(budget.taken(), 0);
    }

    #[test]
    fn incomplete_bodies_leave_half_of_the_budget() {
        let budget = IntakeBudget::default();
        budget.set_limit(4 << 20);
        let mut slow: Vec<_> = (0..2).map(|_| budget.reservation()).collect();
        slow.iter_mut().for_each(|body| body.charge_arriving(1 << 20).unwrap());
        assert_eq!(slow[0].charge_arriving(1), Err(Rejection::IntakeFull));
        budget.reservation().charge_arriving(FREE_ARRIVING_BYTES).unwrap();
        budget.reservation().charge(2 << 20).unwrap();
    }
}
