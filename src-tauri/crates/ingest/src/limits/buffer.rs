//! A buffer that takes its memory from the budget before it grows.

use super::budget::Reservation;
use crate::rejection::Rejection;

/// Bytes by which a buffer grows at most. Smaller ones double.
const MAX_GROWTH: usize = 1 << 20;

/// Bytes of a request, with what the request has taken from the budget.
#[derive(Debug)]
pub(crate) struct Buffer {
    pub(crate) bytes: Vec<u8>,
    pub(crate) reservation: Reservation,
}

impl Buffer {
    /// Starts an empty buffer of a request.
    pub(crate) fn new(reservation: Reservation) -> Self {
        Self { bytes: Vec::new(), reservation }
    }

    /// Appends bytes of a body that is not complete.
    pub(crate) fn extend_arriving(&mut self, bytes: &[u8]) -> Result<(), Rejection> {
        self.extend_by(bytes, Reservation::charge_arriving)
    }

    /// Appends bytes.
    pub(crate) fn extend(&mut self, bytes: &[u8]) -> Result<(), Rejection> {
        self.extend_by(bytes, Reservation::charge)
    }

    fn extend_by(
        &mut self,
        bytes: &[u8],
        charge: impl FnOnce(&mut Reservation, usize) -> Result<(), Rejection>,
    ) -> Result<(), Rejection> {
        let (capacity, needed) = (self.bytes.capacity(), self.bytes.len().saturating_add(bytes.len()));
        if needed > capacity {
            let target = needed.max(capacity + capacity.min(MAX_GROWTH));
            charge(&mut self.reservation, target - capacity)?;
            self.bytes.reserve_exact(target - self.bytes.len());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// Frees the bytes, and gives them back to the budget.
    pub(crate) fn clear(&mut self) {
        let freed = std::mem::take(&mut self.bytes).capacity();
        self.reservation.release(freed);
    }
}
