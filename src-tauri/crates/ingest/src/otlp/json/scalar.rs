//! JSON values that are no lists and no objects, and the protobuf types that they stand for.

use std::{borrow::Cow, fmt};

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
    pub(super) fn text(self) -> Result<String, String> {
        match self {
            Self::Text(text) => Ok(text.into_owned()),
            other => Err(format!("expected text, found {other}")),
        }
    }

    pub(super) fn flag(self) -> Result<bool, String> {
        match self {
            Self::Flag(flag) => Ok(flag),
            other => Err(format!("expected true or false, found {other}")),
        }
    }

    pub(super) fn whole<T: TryFrom<i128>>(self) -> Result<T, String> {
        let number = match &self {
            Self::Whole(number) => Some(*number),
            // Protobuf's mapping allows 1e3 and 1.0, but only exact integers.
            Self::Double(double) if double.fract() == 0.0 && double.abs() < 1e19 => Some(*double as i128),
            Self::Text(digits) => digits.parse().ok(),
            _ => None,
        };
        number
            .and_then(|number| T::try_from(number).ok())
            .ok_or_else(|| format!("expected a whole number within its range, found {self}"))
    }

    pub(super) fn double(self) -> Result<f64, String> {
        let number = match &self {
            Self::Whole(number) => Some(*number as f64),
            Self::Double(double) => Some(*double),
            Self::Text(name) => match &**name {
                "NaN" => Some(f64::NAN),
                "Infinity" => Some(f64::INFINITY),
                "-Infinity" => Some(f64::NEG_INFINITY),
                digits => digits.parse().ok(),
            },
            _ => None,
        };
        number.ok_or_else(|| format!("expected a number, found {self}"))
    }
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

/// Implements the methods of a visitor for scalars, which all fail: it expects a list or an object.
macro_rules! reject_scalars {
    () => {
        fn visit_bool<E: Error>(self, flag: bool) -> Result<Self::Value, E> {
            Err(self.mismatch(&Scalar::Flag(flag)))
        }

        fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
            Err(self.mismatch(&Scalar::Whole(number.into())))
        }

        fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
            Err(self.mismatch(&Scalar::Whole(number.into())))
        }

        fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
            Err(self.mismatch(&Scalar::Double(number)))
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
            Err(self.mismatch(&Scalar::Text(text.into())))
        }
    };
}
pub(super) use reject_scalars;
