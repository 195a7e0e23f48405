//! The selection of data to delete: by age, and over the size limit the oldest of the largest
//! service.

use std::collections::{BTreeMap, VecDeque};

use model::{DataKind, DataResolution, DropReason, RetentionLimits, Timestamp};

/// Rows of a table are deleted by service and by intervals of this length in nanoseconds.
pub(super) const UNIT_INTERVAL: i64 = 3600 * model::NANOS_PER_SECOND;

/// The smallest unit of deletion: the data of one service in one segment or in one hour of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RetentionUnit {
    pub(crate) kind: DataKind,
    pub(crate) service: String,
    /// The age limit it falls under.
    pub(crate) tier: DataResolution,
    /// The segment, or none for rows of a table.
    pub(crate) segment: Option<u64>,
    pub(crate) rows: u64,
    pub(crate) rollup_rows: u64,
    pub(crate) bytes: u64,
    /// Time of the first record.
    pub(crate) first: i64,
    /// Time of the last record.
    pub(crate) last: i64,
    /// Set if it holds evidence of alerts.
    pub(crate) pinned: bool,
}

impl RetentionUnit {
    /// Returns whether these are points without a segment.
    fn is_unsealed(&self) -> bool {
        self.kind == DataKind::Metrics && self.segment.is_none()
    }
}

/// Selects the units to delete, each with the reason, oldest first within a service.
pub(crate) fn plan(
    units: &[RetentionUnit],
    limits: &[RetentionLimits],
    now: Timestamp,
) -> Vec<(RetentionUnit, DropReason)> {
    limits.iter().flat_map(|limits| plan_kind(units, limits, now)).collect()
}

fn plan_kind(
    units: &[RetentionUnit],
    limits: &RetentionLimits,
    now: Timestamp,
) -> Vec<(RetentionUnit, DropReason)> {
    // Unsealed points have neither a retention tier nor roll-ups yet.
    let tier = |unit: &RetentionUnit| if unit.is_unsealed() { DataResolution::Hours } else { unit.tier };
    let oldest = |unit: &RetentionUnit| now.0.saturating_sub(limits.age_of(tier(unit)));
    let is_expired = |unit: &&RetentionUnit| unit.last < oldest(unit) && !unit.pinned;
    let (expired, retained): (Vec<_>, Vec<_>) = groups(units.iter().filter(|unit| unit.kind == limits.kind))
        .into_iter()
        .partition(|group| group.iter().all(is_expired));
    let mut selected: Vec<_> =
        expired.into_iter().flatten().map(|unit| (unit.clone(), DropReason::Age)).collect();

    let mut total: u64 = retained.iter().flatten().map(|unit| unit.bytes).sum();
    // Bytes of each service, and its deletable groups: points before minutes before hours, oldest
    // first.
    let mut services: BTreeMap<&str, (u64, VecDeque<Vec<&RetentionUnit>>)> = BTreeMap::new();
    for mut group in retained {
        let Some(first) = group.first() else { continue };
        let (bytes, deletable) = services.entry(&first.service).or_default();
        *bytes += group.iter().map(|unit| unit.bytes).sum::<u64>();
        // Unsealed points are newer than all that is sealed, so that nothing returns without them.
        group.retain(|unit| !unit.is_unsealed());
        if !group.is_empty() && !group.iter().any(|unit| unit.pinned) {
            deletable.push_back(group);
        }
    }
    for (_, deletable) in services.values_mut() {
        let age =
            |group: &Vec<&RetentionUnit>| group.iter().map(|unit| (unit.tier, unit.last, unit.first)).max();
        deletable.make_contiguous().sort_by_key(age);
    }
    while total > limits.bytes {
        // Shares are equal, so the largest service exceeds its share the most.
        let largest = services
            .values_mut()
            .filter(|(_, deletable)| !deletable.is_empty())
            .max_by_key(|(bytes, _)| *bytes);
        let Some((bytes, deletable)) = largest else { break };
        for unit in deletable.pop_front().unwrap_or_default() {
            *bytes = bytes.saturating_sub(unit.bytes);
            total = total.saturating_sub(unit.bytes);
            selected.push((unit.clone(), DropReason::Size));
        }
    }
    selected
}

/// Groups the units that are deleted together. Of metrics these are units of a service and tier
/// whose times overlap: a point of one may replace a point of another, which would return without
/// it.
fn groups<'a>(units: impl Iterator<Item = &'a RetentionUnit>) -> Vec<Vec<&'a RetentionUnit>> {
    let mut units: Vec<&RetentionUnit> = units.collect();
    units.sort_by_key(|unit| (&unit.service, unit.tier, unit.first));
    let mut groups: Vec<Vec<&RetentionUnit>> = Vec::new();
    let mut end = i64::MIN;
    for unit in units {
        let replaces = |group: &&mut Vec<&RetentionUnit>| {
            let overlaps = |other: &&RetentionUnit| {
                unit.kind == DataKind::Metrics
                    && (&other.service, other.tier) == (&unit.service, unit.tier)
                    && unit.first <= end
            };
            group.first().is_some_and(overlaps)
        };
        match groups.last_mut().filter(replaces) {
            Some(group) => {
                group.push(unit);
                end = end.max(unit.last);
            }
            None => {
                groups.push(vec![unit]);
                end = unit.last;
            }
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(service: &str, at: i64, bytes: u64) -> RetentionUnit {
        RetentionUnit {
            kind: DataKind::Logs,
            service: service.to_owned(),
            tier: DataResolution::Points,
            segment: None,
            rows: 1,
            rollup_rows: 0,
            bytes,
            first: at,
            last: at,
            pinned: false,
        }
    }

    fn limits(age: i64, bytes: u64) -> RetentionLimits {
        RetentionLimits { kind: DataKind::Logs, age, minutes_age: None, hours_age: None, bytes }
    }

    fn select(units: &[RetentionUnit], age: i64, bytes: u64) -> Vec<(String, i64, DropReason)> {
        let limits = [limits(age, bytes)];
        let mut selected: Vec<_> = plan(units, &limits, Timestamp(1000))
            .into_iter()
            .map(|(unit, reason)| (unit.service, unit.first, reason))
            .collect();
        selected.sort();
        selected
    }

    #[test]
    fn old_data_are_deleted_of_every_service() {
        let units = [unit("a", 100, 1), unit("b", 899, 1), unit("a", 900, 1)];
        let expected = [("a".to_owned(), 100, DropReason::Age), ("b".to_owned(), 899, DropReason::Age)];
        assert_eq!(select(&units, 100, u64::MAX), expected);
    }

    #[test]
    fn a_noisy_service_loses_its_oldest_and_quiet_ones_lose_nothing() {
        let mut units: Vec<_> = (0..100).map(|at| unit("noisy", 500 + at, 10)).collect();
        units.extend((0..10).map(|at| unit("quiet", at, 10)));
        let selected = select(&units, 10_000, 600);
        assert_eq!(selected.len(), 50);
        assert!(selected.iter().all(|(service, at, _)| service == "noisy" && *at < 550), "{selected:?}");
    }

    #[test]
    fn equal_services_lose_equally() {
        let mut units: Vec<_> = (0..50).map(|at| unit("a", at, 10)).collect();
        units.extend((0..50).map(|at| unit("b", 500 + at, 10)));
        let selected = select(&units, 10_000, 500);
        assert_eq!(selected.iter().filter(|(service, ..)| service == "a").count(), 25);
        assert_eq!(selected.len(), 50);
    }

    #[test]
    fn evidence_stays_even_if_the_limit_is_missed() {
        let mut units: Vec<_> = (0..10).map(|at| unit("a", at, 10)).collect();
        for unit in &mut units[..9] {
            unit.pinned = true;
        }
        assert_eq!(select(&units, 1, 0), [("a".to_owned(), 9, DropReason::Age)]);
    }

    fn metric_unit(service: &str, at: i64, tier: DataResolution) -> RetentionUnit {
        RetentionUnit { kind: DataKind::Metrics, tier, segment: Some(1), ..unit(service, at, 10) }
    }

    #[test]
    fn points_are_deleted_before_minutes_before_hours() {
        use DataResolution::{Hours, Minutes, Points};
        let units: Vec<_> = [100, 700, 950]
            .into_iter()
            .flat_map(|at| [Points, Minutes, Hours].map(|of| metric_unit("a", at, of)))
            .collect();
        let limits = RetentionLimits {
            kind: DataKind::Metrics,
            minutes_age: Some(400),
            hours_age: Some(2000),
            ..limits(100, 1000)
        };
        let left = |limits: RetentionLimits| {
            let selected = plan(&units, &[limits], Timestamp(1000));
            let stays = |unit: &&RetentionUnit| !selected.iter().any(|(gone, _)| gone == *unit);
            units.iter().filter(stays).map(|unit| (unit.first, unit.tier)).collect::<Vec<_>>()
        };
        let retained =
            [(100, Hours), (700, Minutes), (700, Hours), (950, Points), (950, Minutes), (950, Hours)];
        assert_eq!(left(limits), retained);
        // The newest point is deleted before the oldest minute, and that before the oldest hour.
        assert_eq!(left(RetentionLimits { bytes: 50, ..limits }), [&retained[..3], &retained[4..]].concat());
        assert_eq!(left(RetentionLimits { bytes: 30, ..limits }), [retained[0], retained[2], retained[5]]);
        // Minutes are never deleted before their points, whatever the limits.
        assert_eq!(
            left(RetentionLimits { minutes_age: Some(1), hours_age: Some(1), ..limits }),
            &retained[3..]
        );
    }

    #[test]
    fn unsealed_points_are_retained_as_long_as_hours() {
        let units: Vec<_> = [1, 600]
            .map(|at| RetentionUnit {
                segment: None,
                bytes: 0,
                ..metric_unit("a", at, DataResolution::Points)
            })
            .into();
        let limits = RetentionLimits {
            kind: DataKind::Metrics,
            minutes_age: Some(200),
            hours_age: Some(500),
            ..limits(100, 0)
        };
        let selected = plan(&units, &[limits], Timestamp(1000));
        assert_eq!(selected, [(units[0].clone(), DropReason::Age)]);
    }

    #[test]
    fn overlapping_points_of_a_service_are_deleted_together() {
        let metrics = |service: &str, first: i64, last: i64| RetentionUnit {
            first,
            last,
            ..metric_unit(service, first, DataResolution::Points)
        };
        // The first three overlap in a chain, the last of which is recent.
        let units = [
            metrics("a", 100, 300),
            RetentionUnit { segment: None, bytes: 0, ..metrics("a", 290, 290) },
            metrics("a", 300, 950),
            metrics("a", 10, 99),
            metrics("b", 150, 160),
        ];
        let limits = RetentionLimits { kind: DataKind::Metrics, ..limits(100, u64::MAX) };
        let deleted = |limits: RetentionLimits| {
            let selected = plan(&units, &[limits], Timestamp(1000));
            selected.into_iter().map(|(unit, _)| (unit.service, unit.first)).collect::<Vec<_>>()
        };
        assert_eq!(deleted(limits), [("a".to_owned(), 10), ("b".to_owned(), 150)]);
        // Over the size limit too. What is not sealed replaced the rest and stays.
        let sealed =
            [10, 150, 100, 300].map(|first| (if first == 150 { "b" } else { "a" }.to_owned(), first));
        assert_eq!(deleted(RetentionLimits { bytes: 15, ..limits }), sealed);
    }

    #[test]
    fn points_of_a_noisy_service_are_deleted_before_anything_of_a_quiet_one() {
        use DataResolution::{Hours, Points};
        let mut units: Vec<_> = (0..20).map(|at| metric_unit("noisy", at, Points)).collect();
        units.extend((0..20).map(|at| metric_unit("noisy", at, Hours)));
        units.extend((0..5).map(|at| metric_unit("quiet", at, Points)));
        let limits = RetentionLimits { kind: DataKind::Metrics, ..limits(10_000, 250) };
        let selected = plan(&units, &[limits], Timestamp(1000));
        assert!(selected.iter().all(|(unit, _)| unit.service == "noisy" && unit.tier == Points));
        assert_eq!(selected.len(), 20);
    }

    #[test]
    fn limits_of_one_kind_do_not_touch_another() {
        let units = [RetentionUnit { kind: DataKind::Spans, ..unit("a", 1, 1000) }];
        assert!(select(&units, 1, 0).is_empty());
    }
}
