//! The attributes of one series in one allocation. A map of them takes a kilobyte.

use std::borrow::Cow;

use model::{AttributeValue, Attributes};

/// The mark of a value that is text, and of one that is written as JSON.
const TEXT: u8 = 0;
const JSON: u8 = 1;

/// Attributes in name order: for each the length of its name, the name, the mark of its value, the
/// value's length and the value. A length has seven bits in each byte, the lowest first.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct PackedAttributes(Box<[u8]>);

/// A value of packed attributes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum PackedValue<'packed> {
    Text(&'packed str),
    /// Any other value, as JSON.
    Json(&'packed str),
}

impl<'packed> PackedValue<'packed> {
    /// Returns the value as the text of a label.
    pub(crate) fn text(self) -> Cow<'packed, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Json(_) => Cow::Owned(self.value().to_string()),
        }
    }

    fn value(self) -> AttributeValue {
        match self {
            Self::Text(text) => AttributeValue::String(text.to_owned()),
            Self::Json(json) => serde_json::from_str(json).unwrap_or(AttributeValue::Null),
        }
    }
}

impl PackedAttributes {
    /// Takes bytes that [`Self::bytes`] returned.
    pub(crate) fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }

    /// Returns the attributes as they are in memory.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the length of attributes once they are packed.
    pub(crate) fn length_of(attributes: &Attributes) -> usize {
        let text = |length: usize| length + (length.max(1).ilog2() as usize) / 7 + 1;
        let value = |value: &AttributeValue| match value {
            AttributeValue::String(text) => text.len(),
            other => serde_json::to_string(other).map_or(0, |json| json.len()),
        };
        attributes.0.iter().map(|(name, one)| text(name.len()) + 1 + text(value(one))).sum()
    }

    /// Returns the names and values in name order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, PackedValue<'_>)> {
        let mut rest = &*self.0;
        std::iter::from_fn(move || {
            let (name, mark) = (take_text(&mut rest)?, take(&mut rest, 1)?);
            let value = take_text(&mut rest)?;
            Some((name, if mark == [TEXT] { PackedValue::Text(value) } else { PackedValue::Json(value) }))
        })
    }

    /// Returns the value with a name.
    pub(crate) fn get(&self, name: &str) -> Option<PackedValue<'_>> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Returns the attributes as a map.
    pub(crate) fn unpack(&self) -> Attributes {
        Attributes(self.iter().map(|(name, value)| (name.to_owned(), value.value())).collect())
    }
}

impl From<&Attributes> for PackedAttributes {
    fn from(attributes: &Attributes) -> Self {
        let mut bytes = Vec::new();
        for (name, value) in &attributes.0 {
            put_text(&mut bytes, name);
            match value {
                AttributeValue::String(text) => {
                    bytes.push(TEXT);
                    put_text(&mut bytes, text);
                }
                other => {
                    bytes.push(JSON);
                    put_text(&mut bytes, &serde_json::to_string(other).unwrap_or_default());
                }
            }
        }
        Self(bytes.into())
    }
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    let mut length = text.len();
    while length >= 0x80 {
        bytes.push(length as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
    bytes.extend_from_slice(text.as_bytes());
}

fn take_text<'bytes>(rest: &mut &'bytes [u8]) -> Option<&'bytes str> {
    let (mut length, mut shift) = (0_usize, 0);
    loop {
        let [byte] = take(rest, 1)? else { return None };
        length |= usize::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            break;
        }
    }
    std::str::from_utf8(take(rest, length)?).ok()
}

fn take<'bytes>(rest: &mut &'bytes [u8], length: usize) -> Option<&'bytes [u8]> {
    let (taken, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_of_every_kind_come_back() {
        let attributes = Attributes::new()
            .with("empty", "")
            .with("flag", true)
            .with("host", "web-1")
            .with("large", "é".repeat(100_000))
            .with("list", AttributeValue::Array(vec![1_i64.into(), 1.0.into(), AttributeValue::Null]))
            .with("number", i64::MAX)
            .with("whole", 1.0);
        let packed = PackedAttributes::from(&attributes);
        assert_eq!(packed.unpack(), attributes);
        assert_eq!(PackedAttributes::length_of(&attributes), packed.bytes().len());
        for length in [0, 1, 127, 128, 16_383, 16_384] {
            let attributes = Attributes::new().with("key", "x".repeat(length));
            let packed = PackedAttributes::from(&attributes);
            assert_eq!(PackedAttributes::length_of(&attributes), packed.bytes().len(), "{length}");
        }
        for (name, value) in &attributes.0 {
            assert_eq!(packed.get(name).unwrap().text(), value.to_string());
        }
        assert_eq!(packed.get("hos"), None);
        assert_eq!(PackedAttributes::from(&Attributes::new()), PackedAttributes::default());
        assert_eq!(PackedAttributes::default().iter().count(), 0);
    }
}
