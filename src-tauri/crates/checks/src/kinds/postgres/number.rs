//! Conversion of any number of PostgreSQL.

use std::error::Error;

use tokio_postgres::types::{FromSql, Type};

/// A column as a number; none if it is none.
pub(crate) struct Number(pub(crate) Option<f64>);

impl<'a> FromSql<'a> for Number {
    fn from_sql(column: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        let value = match *column {
            Type::BOOL => bool::from_sql(column, raw).map(|value| Some(f64::from(u8::from(value))))?,
            Type::INT2 => i16::from_sql(column, raw).map(|value| Some(f64::from(value)))?,
            Type::INT4 => i32::from_sql(column, raw).map(|value| Some(f64::from(value)))?,
            Type::INT8 => i64::from_sql(column, raw).map(|value| Some(value as f64))?,
            Type::OID => u32::from_sql(column, raw).map(|value| Some(f64::from(value)))?,
            Type::FLOAT4 => f32::from_sql(column, raw).map(|value| Some(f64::from(value)))?,
            Type::FLOAT8 => f64::from_sql(column, raw).map(Some)?,
            Type::NUMERIC => numeric(raw),
            Type::TEXT | Type::VARCHAR => std::str::from_utf8(raw)?.trim().parse().ok(),
            _ => None,
        };
        Ok(Self(value))
    }

    fn accepts(_column: &Type) -> bool {
        true
    }
}

/// Parses the binary form of `numeric`: four 16-bit words (count of digits, weight of the first
/// digit, sign, display scale), then the digits in base 10,000 (PostgreSQL sources, `numeric_send`
/// in `numeric.c`).
fn numeric(raw: &[u8]) -> Option<f64> {
    const POSITIVE: u16 = 0x0000;
    const NEGATIVE: u16 = 0x4000;
    const NOT_A_NUMBER: u16 = 0xC000;
    const INFINITY: u16 = 0xD000;
    const NEGATIVE_INFINITY: u16 = 0xF000;
    let words: Vec<u16> = raw.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
    let [count, weight, sign, _scale, digits @ ..] = words.as_slice() else {
        return None;
    };
    if digits.len() != usize::from(*count) {
        return None;
    }
    match *sign {
        POSITIVE | NEGATIVE => {}
        NOT_A_NUMBER => return Some(f64::NAN),
        INFINITY => return Some(f64::INFINITY),
        NEGATIVE_INFINITY => return Some(f64::NEG_INFINITY),
        _ => return None,
    }
    // Decimal text leaves the rounding to the parser: adding powers up would round at every digit.
    let digits: String = digits.iter().map(|digit| format!("{digit:04}")).collect();
    let exponent = (i32::from(weight.cast_signed()) + 1) * 4 - i32::try_from(digits.len()).ok()?;
    let magnitude: f64 =
        format!("{}e{exponent}", if digits.is_empty() { "0" } else { &digits }).parse().ok()?;
    Some(if *sign == NEGATIVE { -magnitude } else { magnitude })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[i16]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    #[test]
    fn reads_numeric() {
        assert_eq!(numeric(&words(&[2, 0, 0, 2, 12, 3400])), Some(12.34));
        assert_eq!(numeric(&words(&[2, 1, 0x4000, 0, 1, 2345])), Some(-12345.0));
        assert_eq!(numeric(&words(&[1, 2, 0, 0, 1])), Some(1e8));
        assert_eq!(numeric(&words(&[1, -1, 0, 4, 5])), Some(0.0005));
        assert_eq!(numeric(&words(&[0, 0, 0, 0])), Some(0.0));
    }

    #[test]
    fn reads_numeric_that_is_not_finite() {
        let special = |sign: u16| numeric(&words(&[0, 0, sign.cast_signed(), 0]));
        assert!(special(0xC000).unwrap().is_nan());
        assert_eq!(special(0xD000), Some(f64::INFINITY));
        assert_eq!(special(0xF000), Some(f64::NEG_INFINITY));
    }

    #[test]
    fn rejects_what_is_no_numeric() {
        assert_eq!(numeric(&words(&[0, 0, 0x1000, 0])), None);
        assert_eq!(numeric(&[1]), None);
        assert_eq!(numeric(&words(&[9, 0, 0, 0, 1])), None);
    }
}
