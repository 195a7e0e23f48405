//! Trace and span identifiers as W3C Trace Context defines them: bytes inside, lower-case hex
//! outside.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use ts_rs::TS;

/// Why a text or a byte string is not an identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidIdentifier {
    expected_bytes: usize,
}

impl fmt::Display for InvalidIdentifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "expected {} bytes ({} hexadecimal digits), not all zero",
            self.expected_bytes,
            self.expected_bytes * 2
        )
    }
}

impl std::error::Error for InvalidIdentifier {}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $bytes:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, TS)]
        #[ts(type = "string")]
        pub struct $name(pub [u8; $bytes]);

        impl $name {
            /// Reads the identifier from its bytes; an error if the length is wrong or all are
            /// zero.
            pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidIdentifier> {
                match <[u8; $bytes]>::try_from(bytes) {
                    Ok(array) if array != [0; $bytes] => Ok(Self(array)),
                    _ => Err(InvalidIdentifier { expected_bytes: $bytes }),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, formatter)
            }
        }

        impl FromStr for $name {
            type Err = InvalidIdentifier;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                hex::decode(text)
                    .map_err(|_| InvalidIdentifier { expected_bytes: $bytes })
                    .and_then(|bytes| Self::from_bytes(&bytes))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }
    };
}

identifier!(
    /// Names one trace: 16 bytes, not all zero.
    TraceId, 16
);
identifier!(
    /// Names one span within its trace: 8 bytes, not all zero.
    SpanId, 8
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips_through_hex() {
        let id: TraceId = "0af7651916cd43dd8448eb211c80319c".parse().unwrap();
        assert_eq!(id.to_string(), "0af7651916cd43dd8448eb211c80319c");
    }

    #[test]
    fn refuses_zero_and_wrong_lengths() {
        assert!("00000000000000000000000000000000".parse::<TraceId>().is_err());
        assert!("abcd".parse::<SpanId>().is_err());
        assert!(SpanId::from_bytes(&[1; 7]).is_err());
    }
}
