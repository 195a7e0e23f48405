//! JSON values that are no lists and no objects, and the protobuf types that they stand for.

use std::{borrow::Cow, fmt};

use base64::{
    Engine,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde::de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// One value. Of a list or an object only that it is one.
#[derive(Debug)]
pub(super) enum Scalar<'a> {
    List,
    Object,
    Null,
    Flag(bool),
    Whole(i128),
    Double(f64),
    Text(Cow<'a, str>),
}

impl Scalar<'_> {
    /// Returns text. A number or a flag is read as it is written.
    pub(super) fn text(self) -> Result<String, String> {
        match self {
            Self::Text(text) => Ok(text.into_owned()),
            Self::Whole(number) => Ok(number.to_string()),
            Self::Double(number) => Ok(number.to_string()),
            Self::Flag(flag) => Ok(flag.to_string()),
            Self::List | Self::Object | Self::Null => Err(format!("expected text, found {self}")),
        }
    }

    /// Returns a flag, which may be written as text.
    pub(super) fn flag(self) -> Result<bool, String> {
        let flag = match &self {
            Self::Flag(flag) => Some(*flag),
            Self::Text(name) => name.parse().ok(),
            _ => None,
        };
        flag.ok_or_else(|| format!("expected true or false, found {self}"))
    }

    /// Returns an integer within its range. Protobuf's mapping allows 1e3 and 1.0, also as text.
    pub(super) fn whole<T: TryFrom<i128>>(self) -> Result<T, String> {
        let exact = |double: f64| (double.fract() == 0.0 && double.abs() < 1e19).then_some(double as i128);
        let number = match &self {
            Self::Whole(number) => Some(*number),
            Self::Double(double) => exact(*double),
            Self::Text(digits) => digits.parse().ok().or_else(|| exact(digits.parse().ok()?)),
            _ => None,
        };
        number
            .and_then(|number| T::try_from(number).ok())
            .ok_or_else(|| format!("expected a whole number within its range, found {self}"))
    }

    /// Returns a number, which may be written as text.
    pub(super) fn double(self) -> Result<f64, String> {
        let number = match &self {
            Self::Whole(number) => Some(*number as f64),
            Self::Double(double) => Some(*double),
            // Reads NaN and Infinity as well.
            Self::Text(digits) => digits.parse().ok(),
            _ => None,
        };
        number.ok_or_else(|| format!("expected a number, found {self}"))
    }

    /// Returns the number of an enum, which may be written as its name.
    pub(super) fn enumeration<E: Into<i32>>(self, from_name: fn(&str) -> Option<E>) -> Result<i32, String> {
        if let Self::Text(name) = &self
            && let Some(value) = from_name(name)
        {
            return Ok(value.into());
        }
        let found = self.to_string();
        self.whole().map_err(|_| format!("expected a number or a name of the enum, found {found}"))
    }

    /// Returns an id of `length` bytes. It is in hexadecimal. Senders that use protobuf's own
    /// mapping write base64, which has another length.
    pub(super) fn id(self, length: usize) -> Result<Vec<u8>, String> {
        let Self::Text(digits) = &self else {
            return Err(format!("expected {} hexadecimal digits, found {self}", 2 * length));
        };
        let decoded = hex::decode(&**digits);
        if digits.is_empty() || decoded.as_ref().is_ok_and(|bytes| bytes.len() == length) {
            return Ok(decoded.unwrap_or_default());
        }
        base64(digits)
            .ok()
            .filter(|bytes| bytes.len() == length)
            .ok_or_else(|| format!("expected {} hexadecimal digits, found {self}", 2 * length))
    }

    /// Returns bytes in base64, in either alphabet, padded or not.
    pub(super) fn base64(self) -> Result<Vec<u8>, String> {
        match &self {
            Self::Text(digits) => base64(digits).map_err(|error| format!("expected base64: {error}")),
            _ => Err(format!("expected base64, found {self}")),
        }
    }
}

fn base64(digits: &str) -> Result<Vec<u8>, base64::DecodeError> {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(&STANDARD, config)
        .decode(digits)
        .or_else(|_| GeneralPurpose::new(&URL_SAFE, config).decode(digits))
}

impl fmt::Display for Scalar<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::List => formatter.write_str("a list"),
            Self::Object => formatter.write_str("an object"),
            Self::Null => formatter.write_str("null"),
            Self::Flag(_) => formatter.write_str("true or false"),
            Self::Whole(number) => write!(formatter, "the number {number}"),
            Self::Double(number) => write!(formatter, "the number {number}"),
            Self::Text(text) => {
                write!(formatter, "the text {:?}", text.chars().take(40).collect::<String>())
            }
        }
    }
}

/// Visits any value, and skips the content of lists and objects.
pub(super) struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a text, a number or a flag")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Scalar<'de>, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::List)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Scalar<'de>, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Object)
    }

    fn visit_unit<E: Error>(self) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Null)
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Flag(flag))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Whole(number.into()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Whole(number.into()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Double(number))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Text(Cow::Owned(text)))
    }
}

/// Implements the methods of a visitor for scalars, which are faults: it expects a list or an
/// object.
macro_rules! mismatched_scalars {
    () => {
        fn visit_bool<E: Error>(self, flag: bool) -> Result<Self::Value, E> {
            Ok(self.mismatch(&Scalar::Flag(flag)))
        }

        fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
            Ok(self.mismatch(&Scalar::Whole(number.into())))
        }

        fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
            Ok(self.mismatch(&Scalar::Whole(number.into())))
        }

        fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
            Ok(self.mismatch(&Scalar::Double(number)))
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
            Ok(self.mismatch(&Scalar::Text(text.into())))
        }
    };
}
pub(super) use mismatched_scalars;
