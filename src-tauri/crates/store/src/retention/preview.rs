//! The preview of a retention plan: stored and selected data by service, and growth.

use std::collections::BTreeMap;

use model::{
    DataGrowth, DataKind, DataResolution, DropReason, DroppedData, RetentionLimits, StoredData, TimeRange,
    Timestamp,
};

use super::plan::RetentionUnit;

/// Nanoseconds of a day.
const DAY: i64 = 86_400 * model::NANOS_PER_SECOND;

/// Summarizes the selected units by kind, service and reason.
pub(crate) fn summary(selected: &[(RetentionUnit, DropReason)]) -> Vec<DroppedData> {
    let mut groups: BTreeMap<(DataKind, &str, DataResolution, DropReason), DroppedData> = BTreeMap::new();
    for (unit, reason) in selected {
        let range = TimeRange::new(Timestamp(unit.first), Timestamp(unit.last));
        let group =
            groups.entry((unit.kind, &unit.service, unit.tier, *reason)).or_insert_with(|| DroppedData {
                kind: unit.kind,
                service: unit.service.clone(),
                tier: unit.tier,
                reason: *reason,
                rows: 0,
                rollup_rows: 0,
                bytes: 0,
                range,
            });
        group.rows += unit.rows;
        group.rollup_rows += unit.rollup_rows;
        group.bytes += unit.bytes;
        group.range = wider(group.range, range);
    }
    groups.into_values().collect()
}

/// Summarizes all units by kind and service, the largest first.
pub(crate) fn stored(units: &[RetentionUnit]) -> Vec<StoredData> {
    let mut groups: BTreeMap<(DataKind, &str, DataResolution), StoredData> = BTreeMap::new();
    for unit in units {
        let range = TimeRange::new(Timestamp(unit.first), Timestamp(unit.last));
        let group = groups.entry((unit.kind, &unit.service, unit.tier)).or_insert_with(|| StoredData {
            kind: unit.kind,
            service: unit.service.clone(),
            tier: unit.tier,
            rows: 0,
            rollup_rows: 0,
            bytes: 0,
            range,
            pinned_rows: 0,
        });
        group.rows += unit.rows;
        group.rollup_rows += unit.rollup_rows;
        group.bytes += unit.bytes;
        group.range = wider(group.range, range);
        group.pinned_rows += if unit.pinned { unit.rows } else { 0 };
    }
    let mut stored: Vec<_> = groups.into_values().collect();
    stored.sort_by(|one, other| one.kind.cmp(&other.kind).then(other.bytes.cmp(&one.bytes)));
    stored
}

/// Computes the growth of each kind, over a week or since the first unit.
pub(crate) fn growth(units: &[RetentionUnit], limits: &[RetentionLimits], now: Timestamp) -> Vec<DataGrowth> {
    limits
        .iter()
        .map(|limits| {
            let of_kind = || units.iter().filter(|unit| unit.kind == limits.kind);
            let bytes: u64 = of_kind().map(|unit| unit.bytes).sum();
            let first = of_kind().map(|unit| unit.first).min().unwrap_or(now.0);
            let from = first.max(now.0.saturating_sub(7 * DAY));
            let recent: u64 = of_kind().filter(|unit| unit.last >= from).map(|unit| unit.bytes).sum();
            // Growth over minutes says nothing about days.
            let days = (now.0.saturating_sub(from).max(DAY / 24)) as f64 / DAY as f64;
            let bytes_per_day = (recent as f64 / days).round() as u64;
            let left = limits.bytes.saturating_sub(bytes) as f64;
            let days_left = (bytes_per_day > 0).then(|| left / bytes_per_day as f64);
            DataGrowth { kind: limits.kind, bytes, bytes_per_day, days_left }
        })
        .collect()
}

fn wider(one: TimeRange, other: TimeRange) -> TimeRange {
    TimeRange::new(one.start.min(other.start), one.end.max(other.end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(at: i64) -> RetentionUnit {
        RetentionUnit {
            kind: DataKind::Logs,
            service: "a".to_owned(),
            tier: DataResolution::Points,
            segment: None,
            rows: 1,
            rollup_rows: 0,
            bytes: 10,
            first: at,
            last: at,
            pinned: false,
        }
    }

    #[test]
    fn rows_with_evidence_are_counted() {
        let units: Vec<_> = (0..10).map(|at| RetentionUnit { pinned: at < 9, ..unit(at) }).collect();
        let stored = stored(&units);
        assert_eq!(stored.len(), 1);
        assert_eq!((stored[0].rows, stored[0].pinned_rows), (10, 9));
    }

    #[test]
    fn growth_predicts_when_the_limit_is_reached() {
        let now = Timestamp(100 * DAY);
        let units: Vec<_> = (0..100).map(|day| unit(day * DAY)).collect();
        let limits = [RetentionLimits {
            kind: DataKind::Logs,
            age: 0,
            minutes_age: None,
            hours_age: None,
            bytes: 2_000,
        }];
        let growth = growth(&units, &limits, now).remove(0);
        assert_eq!((growth.bytes, growth.bytes_per_day, growth.days_left), (1_000, 10, Some(100.0)));
        assert_eq!(super::growth(&[], &limits, now)[0].days_left, None);
    }
}
