//! Values by time. The window of a rule has one, for which a map would be allocated in vain.

use std::{
    collections::BTreeMap,
    iter::{Chain, Flatten},
    option,
};

use model::Timestamp;

/// Values in order of time.
#[derive(Debug, Default)]
pub(super) enum ByTime<T> {
    #[default]
    None,
    One(Timestamp, T),
    Many(BTreeMap<Timestamp, T>),
}

impl<T> ByTime<T> {
    /// Returns the value at a time, if there is one.
    pub(super) fn get_mut(&mut self, time: Timestamp) -> Option<&mut T> {
        match self {
            Self::None => None,
            Self::One(known, value) => (*known == time).then_some(value),
            Self::Many(values) => values.get_mut(&time),
        }
    }

    /// Sets the value at a time.
    pub(super) fn insert(&mut self, time: Timestamp, value: T) {
        *self = match std::mem::take(self) {
            Self::None => Self::One(time, value),
            Self::One(known, _) if known == time => Self::One(time, value),
            Self::One(known, first) => Self::Many(BTreeMap::from([(known, first), (time, value)])),
            Self::Many(mut values) => {
                values.insert(time, value);
                Self::Many(values)
            }
        };
    }
}

impl<T: Default> ByTime<T> {
    /// Changes the value at a time, which is the default at first.
    pub(super) fn update(&mut self, time: Timestamp, change: impl FnOnce(&mut T)) {
        match self.get_mut(time) {
            Some(value) => change(value),
            None => {
                let mut value = T::default();
                change(&mut value);
                self.insert(time, value);
            }
        }
    }
}

impl<T> IntoIterator for ByTime<T> {
    type Item = (Timestamp, T);
    type IntoIter =
        Chain<option::IntoIter<(Timestamp, T)>, Flatten<option::IntoIter<BTreeMap<Timestamp, T>>>>;

    fn into_iter(self) -> Self::IntoIter {
        let (one, many) = match self {
            Self::None => (None, None),
            Self::One(time, value) => (Some((time, value)), None),
            Self::Many(values) => (None, Some(values)),
        };
        one.into_iter().chain(many.into_iter().flatten())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_in_order_of_time() {
        let mut values: ByTime<i64> = ByTime::default();
        assert_eq!(values.get_mut(Timestamp(1)), None);
        for time in [3, 3, 1, 2, 3] {
            values.update(Timestamp(time), |value| *value += time);
        }
        values.insert(Timestamp(2), 7);
        let values: Vec<_> = values.into_iter().collect();
        assert_eq!(values, [(Timestamp(1), 1), (Timestamp(2), 7), (Timestamp(3), 9)]);
    }
}
