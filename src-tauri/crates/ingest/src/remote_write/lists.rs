//! The memory of the lists that a message is read into.

use super::wire_series::{WireExemplar, WireMetadata, WireSample};
use crate::{limits::budget::Reservation, rejection::Rejection};

/// Bytes in memory for each byte of a message, at most: a field of two bytes is the largest item of
/// a list, which grows by doubling.
const BYTES_PER_BYTE: usize = size_of::<WireExemplar<'_>>();
const _: () = assert!(size_of::<WireSample>() <= BYTES_PER_BYTE);
/// Bytes of a symbol in its list.
const SYMBOL_BYTES: usize = 2 * size_of::<&[u8]>();
/// Bytes of the metadata of a metric in its list.
const METADATA_BYTES: usize = 2 * size_of::<WireMetadata<'_>>();

/// The memory of the lists of one message.
#[derive(Debug)]
pub(super) struct Lists {
    reservation: Reservation,
    /// Bytes of the longest series so far. Its lists are reused.
    longest: usize,
}

impl Lists {
    pub(super) fn new(reservation: Reservation) -> Self {
        Self { reservation, longest: 0 }
    }

    /// Takes the memory for reading a series of this length.
    pub(super) fn charge_series(&mut self, length: usize) -> Result<(), Rejection> {
        if length > self.longest {
            self.reservation.charge(BYTES_PER_BYTE.saturating_mul(length - self.longest))?;
            self.longest = length;
        }
        Ok(())
    }

    /// Takes the memory of one more symbol.
    pub(super) fn charge_symbol(&mut self) -> Result<(), Rejection> {
        self.reservation.charge(SYMBOL_BYTES)
    }

    /// Takes the memory of the metadata of one more metric.
    pub(super) fn charge_metadata(&mut self) -> Result<(), Rejection> {
        self.reservation.charge(METADATA_BYTES)
    }
}
