//! A protobuf reader whose fields borrow from the body (encoding guide, "Message Structure").
//!
//! A request of cached series needs no allocation.

/// An error in the encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum WireError {
    /// The message ends inside a field.
    #[error("it ends too early")]
    TooShort,
    /// A variable-length number has more than ten bytes.
    #[error("a number is too long")]
    TooLong,
    /// The message has more bytes than any that is accepted.
    #[error("it is too large")]
    TooLarge,
    /// The wire type does not exist, or is a group, which is deprecated.
    #[error("a field has an unknown type")]
    UnknownType,
    /// The wire type differs from the one in the specification.
    #[error("a field has the wrong type")]
    WrongType,
}

/// The content of one field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value<'a> {
    /// A variable-length number.
    Number(u64),
    /// Eight bytes.
    Eight(u64),
    /// Four bytes.
    Four(u32),
    /// A string, bytes, a message or packed numbers.
    Bytes(&'a [u8]),
}

impl<'a> Value<'a> {
    pub(super) fn bytes(self) -> Result<&'a [u8], WireError> {
        if let Self::Bytes(bytes) = self { Ok(bytes) } else { Err(WireError::WrongType) }
    }

    pub(super) fn number(self) -> Result<u64, WireError> {
        if let Self::Number(number) = self { Ok(number) } else { Err(WireError::WrongType) }
    }

    /// Returns an `int64`.
    pub(super) fn signed(self) -> Result<i64, WireError> {
        self.number().map(u64::cast_signed)
    }

    pub(super) fn double(self) -> Result<f64, WireError> {
        if let Self::Eight(bits) = self { Ok(f64::from_bits(bits)) } else { Err(WireError::WrongType) }
    }

    /// Calls `take` with each of repeated variable-length numbers, packed or not.
    pub(super) fn each_number(self, mut take: impl FnMut(u64)) -> Result<(), WireError> {
        match self {
            Self::Number(number) => take(number),
            Self::Bytes(mut bytes) => {
                while !bytes.is_empty() {
                    take(variable_number(&mut bytes)?);
                }
            }
            _ => return Err(WireError::WrongType),
        }
        Ok(())
    }

    /// Calls `take` with each of repeated doubles, packed or not.
    pub(super) fn each_double(self, mut take: impl FnMut(f64)) -> Result<(), WireError> {
        match self {
            Self::Eight(bits) => take(f64::from_bits(bits)),
            Self::Bytes(bytes) => {
                let (doubles, rest) = bytes.as_chunks::<8>();
                if !rest.is_empty() {
                    return Err(WireError::TooShort);
                }
                doubles.iter().for_each(|bytes| take(f64::from_le_bytes(*bytes)));
            }
            _ => return Err(WireError::WrongType),
        }
        Ok(())
    }
}

/// Decodes a `sint32` or `sint64` ("ZigZag").
pub(super) fn zigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

/// The fields of one message, in their order.
pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(super) fn of(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    /// Returns number and content of the next field, none at the end.
    pub(super) fn next_field(&mut self) -> Result<Option<(u64, Value<'a>)>, WireError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let tag = variable_number(&mut self.rest)?;
        let value = match tag & 7 {
            0 => Value::Number(variable_number(&mut self.rest)?),
            1 => Value::Eight(u64::from_le_bytes(self.take_array()?)),
            5 => Value::Four(u32::from_le_bytes(self.take_array()?)),
            2 => {
                let length = usize::try_from(variable_number(&mut self.rest)?);
                let length = length.map_err(|_| WireError::TooShort)?;
                let (bytes, rest) = self.rest.split_at_checked(length).ok_or(WireError::TooShort)?;
                self.rest = rest;
                Value::Bytes(bytes)
            }
            _ => return Err(WireError::UnknownType),
        };
        Ok(Some((tag >> 3, value)))
    }

    /// Skips the leading fields of one number, which must be below 16, and returns their bytes.
    pub(super) fn run_of(&mut self, number: u8) -> Result<&'a [u8], WireError> {
        let all = self.rest;
        while self.rest.first() == Some(&(number << 3 | 2)) {
            self.next_field()?;
        }
        Ok(&all[..all.len() - self.rest.len()])
    }

    fn take_array<const LENGTH: usize>(&mut self) -> Result<[u8; LENGTH], WireError> {
        let (bytes, rest) = self.rest.split_first_chunk::<LENGTH>().ok_or(WireError::TooShort)?;
        self.rest = rest;
        Ok(*bytes)
    }
}

/// Takes a variable-length number from the front ("Base 128 Varints").
fn variable_number(bytes: &mut &[u8]) -> Result<u64, WireError> {
    let mut number = 0_u64;
    for (index, byte) in bytes.iter().take(10).enumerate() {
        number |= u64::from(byte & 0x7f).checked_shl(7 * index as u32).unwrap_or(0);
        if byte & 0x80 == 0 {
            *bytes = &bytes[index + 1..];
            return Ok(number);
        }
    }
    Err(if bytes.len() < 10 { WireError::TooShort } else { WireError::TooLong })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_in_order_and_their_types_checked() {
        let message =
            [0x08, 0x96, 0x01, 0x12, 2, b'h', b'i', 0x19, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0x25, 1, 0, 0, 0];
        let mut fields = Fields::of(&message);
        assert_eq!(fields.next_field(), Ok(Some((1, Value::Number(150)))));
        assert_eq!(fields.next_field().unwrap().unwrap().1.bytes(), Ok(&b"hi"[..]));
        let (number, value) = fields.next_field().unwrap().unwrap();
        assert_eq!((number, value.double(), value.number()), (3, Ok(1.0), Err(WireError::WrongType)));
        assert_eq!(fields.next_field(), Ok(Some((4, Value::Four(1)))));
        assert_eq!(fields.next_field(), Ok(None));
    }

    #[test]
    fn malformed_messages_fail_with_a_reason() {
        let first = |bytes: &[u8]| Fields::of(bytes).next_field().unwrap_err();
        assert_eq!(first(&[0x0a, 5, 1]), WireError::TooShort);
        assert_eq!(first(&[0x80]), WireError::TooShort);
        assert_eq!(first(&[0xff; 11]), WireError::TooLong);
        assert_eq!(first(&[0x0b]), WireError::UnknownType);
        assert_eq!(first(&[0x09, 1]), WireError::TooShort);
        let mut length = vec![0x0a];
        length.extend([0xff; 9]);
        length.push(1);
        assert_eq!(first(&length), WireError::TooShort);
        assert_eq!(Value::Bytes(&[0; 9]).each_double(|_| {}), Err(WireError::TooShort));
    }

    #[test]
    fn signed_numbers_alternate() {
        assert_eq!([0, 1, 2, 3, u64::MAX].map(zigzag), [0, -1, 1, -2, i64::MIN]);
    }
}
