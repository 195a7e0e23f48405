//! Protobuf read in place (encoding guide, "Message Structure"): fields borrow from the body, so that a request of
//! known series costs no allocation.

/// What is wrong with the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Broken {
    /// The message ends inside a field.
    #[error("it ends too early")]
    TooShort,
    /// A variable-length number goes on for more than ten bytes.
    #[error("a number is too long")]
    TooLong,
    /// A kind of field that does not exist, or groups, which were given up long ago.
    #[error("a field is of an unknown kind")]
    UnknownKind,
    /// A field that holds something else than it should.
    #[error("a field is of another kind than it should be")]
    WrongKind,
}

/// The content of one field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Value<'a> {
    /// A variable-length number.
    Number(u64),
    /// Eight bytes.
    Eight(u64),
    /// Four bytes.
    Four(u32),
    /// Text, bytes, a message or packed numbers.
    Bytes(&'a [u8]),
}

impl<'a> Value<'a> {
    pub(crate) fn bytes(self) -> Result<&'a [u8], Broken> {
        if let Self::Bytes(bytes) = self { Ok(bytes) } else { Err(Broken::WrongKind) }
    }

    pub(crate) fn number(self) -> Result<u64, Broken> {
        if let Self::Number(number) = self { Ok(number) } else { Err(Broken::WrongKind) }
    }

    /// An `int64`.
    pub(crate) fn signed(self) -> Result<i64, Broken> {
        self.number().map(u64::cast_signed)
    }

    pub(crate) fn double(self) -> Result<f64, Broken> {
        if let Self::Eight(bits) = self { Ok(f64::from_bits(bits)) } else { Err(Broken::WrongKind) }
    }

    /// Repeated variable-length numbers, packed or not.
    pub(crate) fn each_number(self, mut take: impl FnMut(u64)) -> Result<(), Broken> {
        match self {
            Self::Number(number) => take(number),
            Self::Bytes(mut bytes) => {
                while !bytes.is_empty() {
                    take(variable_number(&mut bytes)?);
                }
            }
            _ => return Err(Broken::WrongKind),
        }
        Ok(())
    }

    /// Repeated doubles, packed or not.
    pub(crate) fn each_double(self, mut take: impl FnMut(f64)) -> Result<(), Broken> {
        match self {
            Self::Eight(bits) => take(f64::from_bits(bits)),
            Self::Bytes(bytes) => {
                let (doubles, rest) = bytes.as_chunks::<8>();
                if !rest.is_empty() {
                    return Err(Broken::TooShort);
                }
                doubles.iter().for_each(|bytes| take(f64::from_le_bytes(*bytes)));
            }
            _ => return Err(Broken::WrongKind),
        }
        Ok(())
    }
}

/// A `sint32` or `sint64` from its number ("ZigZag").
pub(crate) fn zigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

/// The fields of one message, in the order they stand.
pub(crate) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(crate) fn of(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    /// The number and the content of the next field; none at the end.
    pub(crate) fn next_field(&mut self) -> Result<Option<(u64, Value<'a>)>, Broken> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let tag = variable_number(&mut self.rest)?;
        let value = match tag & 7 {
            0 => Value::Number(variable_number(&mut self.rest)?),
            1 => Value::Eight(u64::from_le_bytes(self.taken()?)),
            5 => Value::Four(u32::from_le_bytes(self.taken()?)),
            2 => {
                let length = usize::try_from(variable_number(&mut self.rest)?);
                let length = length.map_err(|_| Broken::TooShort)?;
                let (bytes, rest) = self.rest.split_at_checked(length).ok_or(Broken::TooShort)?;
                self.rest = rest;
                Value::Bytes(bytes)
            }
            _ => return Err(Broken::UnknownKind),
        };
        Ok(Some((tag >> 3, value)))
    }

    /// The bytes of the fields with one number (of less than 16, in one byte) that stand at the front, passed over.
    pub(crate) fn run_of(&mut self, number: u8) -> Result<&'a [u8], Broken> {
        let all = self.rest;
        while self.rest.first() == Some(&(number << 3 | 2)) {
            self.next_field()?;
        }
        Ok(&all[..all.len() - self.rest.len()])
    }

    fn taken<const LENGTH: usize>(&mut self) -> Result<[u8; LENGTH], Broken> {
        let (bytes, rest) = self.rest.split_first_chunk::<LENGTH>().ok_or(Broken::TooShort)?;
        self.rest = rest;
        Ok(*bytes)
    }
}

fn variable_number(bytes: &mut &[u8]) -> Result<u64, Broken> {
    let mut number = 0_u64;
    for (index, byte) in bytes.iter().take(10).enumerate() {
        number |= u64::from(byte & 0x7f).checked_shl(7 * index as u32).unwrap_or(0);
        if byte & 0x80 == 0 {
            *bytes = &bytes[index + 1..];
            return Ok(number);
        }
    }
    Err(if bytes.len() < 10 { Broken::TooShort } else { Broken::TooLong })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_in_order_and_their_kinds_checked() {
        let message =
            [0x08, 0x96, 0x01, 0x12, 2, b'h', b'i', 0x19, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0x25, 1, 0, 0, 0];
        let mut fields = Fields::of(&message);
        assert_eq!(fields.next_field(), Ok(Some((1, Value::Number(150)))));
        assert_eq!(fields.next_field().unwrap().unwrap().1.bytes(), Ok(&b"hi"[..]));
        let (number, value) = fields.next_field().unwrap().unwrap();
        assert_eq!((number, value.double(), value.number()), (3, Ok(1.0), Err(Broken::WrongKind)));
        assert_eq!(fields.next_field(), Ok(Some((4, Value::Four(1)))));
        assert_eq!(fields.next_field(), Ok(None));
    }

    #[test]
    fn broken_messages_say_how() {
        let first = |bytes: &[u8]| Fields::of(bytes).next_field().unwrap_err();
        assert_eq!(first(&[0x0a, 5, 1]), Broken::TooShort);
        assert_eq!(first(&[0x80]), Broken::TooShort);
        assert_eq!(first(&[0xff; 11]), Broken::TooLong);
        assert_eq!(first(&[0x0b]), Broken::UnknownKind);
        assert_eq!(first(&[0x09, 1]), Broken::TooShort);
        let mut length = vec![0x0a];
        length.extend([0xff; 9]);
        length.push(1);
        assert_eq!(first(&length), Broken::TooShort);
        assert_eq!(Value::Bytes(&[0; 9]).each_double(|_| {}), Err(Broken::TooShort));
    }

    #[test]
    fn signed_numbers_alternate() {
        assert_eq!([0, 1, 2, 3, u64::MAX].map(zigzag), [0, -1, 1, -2, i64::MIN]);
    }
}
