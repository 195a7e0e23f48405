//! Numbers in JSON, which has none for infinities and for what is not a number.
//!
//! As in the API of Prometheus these become text. Each module here serves one shape of fields.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Returns a number as text, infinities as Prometheus writes them.
pub fn number_text(value: f64) -> String {
    match value {
        f64::INFINITY => "+Inf".to_owned(),
        f64::NEG_INFINITY => "-Inf".to_owned(),
        value => value.to_string(),
    }
}

/// A number that becomes text where JSON has none for it.
struct Number(f64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_finite() {
            serializer.serialize_f64(self.0)
        } else {
            serializer.serialize_str(&number_text(self.0))
        }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum NumberOrText {
            Number(f64),
            Text(String),
        }
        match NumberOrText::deserialize(deserializer)? {
            NumberOrText::Number(number) => Ok(Self(number)),
            NumberOrText::Text(text) => text.parse().map(Self).map_err(serde::de::Error::custom),
        }
    }
}

/// One number.
pub(crate) mod number {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    use super::Number;

    pub(crate) fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        Number(*value).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        Number::deserialize(deserializer).map(|number| number.0)
    }
}

/// A number or none.
pub(crate) mod option {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    use super::Number;

    pub(crate) fn serialize<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
        value.map(Number).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
        Ok(Option::<Number>::deserialize(deserializer)?.map(|number| number.0))
    }
}

/// A list of numbers.
pub(crate) mod list {
    use serde::{Deserialize as _, Deserializer, Serializer};

    use super::Number;

    pub(crate) fn serialize<S: Serializer>(values: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(values.iter().copied().map(Number))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
        Ok(Vec::<Number>::deserialize(deserializer)?.into_iter().map(|number| number.0).collect())
    }
}

/// Numbers by name.
pub(crate) mod map {
    use std::collections::BTreeMap;

    use serde::{Deserialize as _, Deserializer, Serializer};

    use super::Number;

    pub(crate) fn serialize<S: Serializer>(
        values: &BTreeMap<String, f64>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_map(values.iter().map(|(name, value)| (name, Number(*value))))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<String, f64>, D::Error> {
        let numbers = BTreeMap::<String, Number>::deserialize(deserializer)?;
        Ok(numbers.into_iter().map(|(name, number)| (name, number.0)).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Serialize};
    use serde_json::json;

    #[derive(Serialize, Deserialize)]
    struct Fields {
        #[serde(with = "super::number")]
        number: f64,
        #[serde(with = "super::option")]
        option: Option<f64>,
        #[serde(with = "super::list")]
        list: Vec<f64>,
        #[serde(with = "super::map")]
        map: BTreeMap<String, f64>,
    }

    #[test]
    fn numbers_that_json_does_not_have_are_text() {
        let cases = [
            (1.5, json!(1.5)),
            (f64::INFINITY, json!("+Inf")),
            (f64::NEG_INFINITY, json!("-Inf")),
            (f64::NAN, json!("NaN")),
        ];
        for (value, text) in cases {
            let fields = Fields {
                number: value,
                option: Some(value),
                list: vec![value, 2.0],
                map: BTreeMap::from([("a".to_owned(), value)]),
            };
            let written = serde_json::to_value(&fields).unwrap();
            assert_eq!(
                written,
                json!({"number": text, "option": text, "list": [text, 2.0], "map": {"a": text}})
            );
            let read: Fields = serde_json::from_value(written).unwrap();
            for number in [read.number, read.option.unwrap(), read.list[0], read.map["a"]] {
                assert!(number == value || (number.is_nan() && value.is_nan()), "{number} {value}");
            }
        }
    }

    #[test]
    fn no_number_stays_none() {
        let fields = json!({"number": 1, "option": null, "list": [], "map": {}});
        let read: Fields = serde_json::from_value(fields).unwrap();
        assert_eq!((read.number, read.option), (1.0, None));
    }
}
