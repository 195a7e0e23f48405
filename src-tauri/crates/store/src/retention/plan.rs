//! The selection of data to delete: by age, and over the size limit the oldest of the largest
//! service.

use std::collections::{BTreeMap, VecDeque};

use model::{
    DataGrowth, DataKind, DataResolution, DropReason, DroppedData, RetentionLimits, StoredData, TimeRange,
    Timestamp,
};

/// Nanoseconds of a day.
const DAY: i64 = 86_400 * model::NANOS_PER_SECOND;

/// The smallest unit of deletion: the data of one service in one segment or in one hour of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) kind: DataKind,
    pub(crate) service: String,
    /// The age limit it falls under.
    pub(crate) detail: DataResolution,
    /// The segment, or none for rows of a table.
    pub(crate) segment: Option<u64>,
    pub(crate) rows: u64,
    pub(crate) steps: u64,
    pub(crate) bytes: u64,
    /// Time of the first record.
    pub(crate) first: i64,
    /// Time of the last record.
    pub(crate) last: i64,
    /// Set if it holds evidence of alerts.
    pub(crate) pinned: bool,
}

impl Piece {
    /// Returns whether these are points without a segment.
    fn is_unsealed(&self) -> bool {
        self.kind == DataKind::Metrics && self.segment.is_none()
    }
}

/// Selects the pieces to delete, each with the reason, oldest first within a service.
pub(crate) fn plan(pieces: &[Piece], limits: &[RetentionLimits], now: Timestamp) -> Vec<(Piece, DropReason)> {
    limits.iter().flat_map(|limits| plan_kind(pieces, limits, now)).collect()
}

fn plan_kind(pieces: &[Piece], limits: &RetentionLimits, now: Timestamp) -> Vec<(Piece, DropReason)> {
    // Unsealed points have neither a retention tier nor roll-ups yet.
    let detail = |piece: &Piece| if piece.is_unsealed() { DataResolution::Hours } else { piece.detail };
    let oldest = |piece: &Piece| now.0.saturating_sub(limits.age_of(detail(piece)));
    let of_kind = pieces.iter().filter(|piece| piece.kind == limits.kind);
    let (old, kept): (Vec<&Piece>, Vec<&Piece>) =
        of_kind.partition(|piece| piece.last < oldest(piece) && !piece.pinned);
    let mut selected: Vec<_> = old.into_iter().map(|piece| (piece.clone(), DropReason::Age)).collect();

    let mut total: u64 = kept.iter().map(|piece| piece.bytes).sum();
    // Bytes of each service, and its deletable pieces: points before minutes before hours, oldest
    // first.
    let mut services: BTreeMap<&str, (u64, VecDeque<&Piece>)> = BTreeMap::new();
    for piece in kept {
        let (bytes, waiting) = services.entry(&piece.service).or_default();
        *bytes += piece.bytes;
        if !piece.pinned && !piece.is_unsealed() {
            waiting.push_back(piece);
        }
    }
    for (_, waiting) in services.values_mut() {
        waiting.make_contiguous().sort_by_key(|piece| (piece.detail, piece.last, piece.first));
    }
    while total > limits.bytes {
        // Shares are equal, so the largest service exceeds its share the most.
        let most =
            services.values_mut().filter(|(_, waiting)| !waiting.is_empty()).max_by_key(|(bytes, _)| *bytes);
        let Some((bytes, waiting)) = most else { break };
        let Some(piece) = waiting.pop_front() else { break };
        *bytes = bytes.saturating_sub(piece.bytes);
        total = total.saturating_sub(piece.bytes);
        selected.push((piece.clone(), DropReason::Size));
    }
    selected
}

/// Summarizes the selected pieces by kind, service and reason.
pub(crate) fn summary(selected: &[(Piece, DropReason)]) -> Vec<DroppedData> {
    let mut groups: BTreeMap<(DataKind, &str, DataResolution, DropReason), DroppedData> = BTreeMap::new();
    for (piece, reason) in selected {
        let range = TimeRange::new(Timestamp(piece.first), Timestamp(piece.last));
        let group = groups.entry((piece.kind, &piece.service, piece.detail, *reason)).or_insert_with(|| {
            DroppedData {
                kind: piece.kind,
                service: piece.service.clone(),
                tier: piece.detail,
                reason: *reason,
                rows: 0,
                rollup_rows: 0,
                bytes: 0,
                range,
            }
        });
        group.rows += piece.rows;
        group.rollup_rows += piece.steps;
        group.bytes += piece.bytes;
        group.range = wider(group.range, range);
    }
    groups.into_values().collect()
}

/// Summarizes all pieces by kind and service, the largest first.
pub(crate) fn stored(pieces: &[Piece]) -> Vec<StoredData> {
    let mut groups: BTreeMap<(DataKind, &str, DataResolution), StoredData> = BTreeMap::new();
    for piece in pieces {
        let range = TimeRange::new(Timestamp(piece.first), Timestamp(piece.last));
        let group = groups.entry((piece.kind, &piece.service, piece.detail)).or_insert_with(|| StoredData {
            kind: piece.kind,
            service: piece.service.clone(),
            tier: piece.detail,
            rows: 0,
            rollup_rows: 0,
            bytes: 0,
            range,
            pinned_rows: 0,
        });
        group.rows += piece.rows;
        group.rollup_rows += piece.steps;
        group.bytes += piece.bytes;
        group.range = wider(group.range, range);
        group.pinned_rows += if piece.pinned { piece.rows } else { 0 };
    }
    let mut stored: Vec<_> = groups.into_values().collect();
    stored.sort_by(|one, other| one.kind.cmp(&other.kind).then(other.bytes.cmp(&one.bytes)));
    stored
}

/// Computes the growth of each kind, over a week or since the first piece.
pub(crate) fn growth(pieces: &[Piece], limits: &[RetentionLimits], now: Timestamp) -> Vec<DataGrowth> {
    limits
        .iter()
        .map(|limits| {
            let of_kind = || pieces.iter().filter(|piece| piece.kind == limits.kind);
            let bytes: u64 = of_kind().map(|piece| piece.bytes).sum();
            let first = of_kind().map(|piece| piece.first).min().unwrap_or(now.0);
            let from = first.max(now.0.saturating_sub(7 * DAY));
            let recent: u64 = of_kind().filter(|piece| piece.last >= from).map(|piece| piece.bytes).sum();
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

    fn piece(service: &str, at: i64, bytes: u64) -> Piece {
        Piece {
            kind: DataKind::Logs,
            service: service.to_owned(),
            detail: DataResolution::Points,
            segment: None,
            rows: 1,
            steps: 0,
            bytes,
            first: at,
            last: at,
            pinned: false,
        }
    }

    fn limits(age: i64, bytes: u64) -> RetentionLimits {
        RetentionLimits { kind: DataKind::Logs, age, minutes_age: None, hours_age: None, bytes }
    }

    fn select(pieces: &[Piece], age: i64, bytes: u64) -> Vec<(String, i64, DropReason)> {
        let limits = [limits(age, bytes)];
        let mut selected: Vec<_> = plan(pieces, &limits, Timestamp(1000))
            .into_iter()
            .map(|(piece, reason)| (piece.service, piece.first, reason))
            .collect();
        selected.sort();
        selected
    }

    #[test]
    fn old_data_are_deleted_of_every_service() {
        let pieces = [piece("a", 100, 1), piece("b", 899, 1), piece("a", 900, 1)];
        let expected = [("a".to_owned(), 100, DropReason::Age), ("b".to_owned(), 899, DropReason::Age)];
        assert_eq!(select(&pieces, 100, u64::MAX), expected);
    }

    #[test]
    fn a_noisy_service_loses_its_oldest_and_quiet_ones_lose_nothing() {
        let mut pieces: Vec<_> = (0..100).map(|at| piece("noisy", 500 + at, 10)).collect();
        pieces.extend((0..10).map(|at| piece("quiet", at, 10)));
        let selected = select(&pieces, 10_000, 600);
        assert_eq!(selected.len(), 50);
        assert!(selected.iter().all(|(service, at, _)| service == "noisy" && *at < 550), "{selected:?}");
    }

    #[test]
    fn equal_services_lose_equally() {
        let mut pieces: Vec<_> = (0..50).map(|at| piece("a", at, 10)).collect();
        pieces.extend((0..50).map(|at| piece("b", 500 + at, 10)));
        let selected = select(&pieces, 10_000, 500);
        assert_eq!(selected.iter().filter(|(service, ..)| service == "a").count(), 25);
        assert_eq!(selected.len(), 50);
    }

    #[test]
    fn evidence_stays_even_if_the_limit_is_missed() {
        let mut pieces: Vec<_> = (0..10).map(|at| piece("a", at, 10)).collect();
        for piece in &mut pieces[..9] {
            piece.pinned = true;
        }
        assert_eq!(select(&pieces, 1, 0), [("a".to_owned(), 9, DropReason::Age)]);
        assert_eq!(stored(&pieces)[0].pinned_rows, 9);
    }

    #[test]
    fn growth_predicts_when_the_limit_is_reached() {
        let now = Timestamp(100 * DAY);
        let pieces: Vec<_> = (0..100).map(|day| piece("a", day * DAY, 10)).collect();
        let limits = [limits(0, 2_000)];
        let growth = growth(&pieces, &limits, now).remove(0);
        assert_eq!((growth.bytes, growth.bytes_per_day, growth.days_left), (1_000, 10, Some(100.0)));
        assert_eq!(super::growth(&[], &limits, now)[0].days_left, None);
    }

    fn detailed(service: &str, at: i64, detail: DataResolution) -> Piece {
        Piece { kind: DataKind::Metrics, detail, segment: Some(1), ..piece(service, at, 10) }
    }

    #[test]
    fn points_are_deleted_before_minutes_before_hours() {
        use DataResolution::{Hours, Minutes, Points};
        let pieces: Vec<_> = [100, 700, 950]
            .into_iter()
            .flat_map(|at| [Points, Minutes, Hours].map(|of| detailed("a", at, of)))
            .collect();
        let limits = RetentionLimits {
            kind: DataKind::Metrics,
            minutes_age: Some(400),
            hours_age: Some(2000),
            ..limits(100, 1000)
        };
        let left = |limits: RetentionLimits| {
            let selected = plan(&pieces, &[limits], Timestamp(1000));
            let stays = |piece: &&Piece| !selected.iter().any(|(gone, _)| gone == *piece);
            pieces.iter().filter(stays).map(|piece| (piece.first, piece.detail)).collect::<Vec<_>>()
        };
        let kept = [(100, Hours), (700, Minutes), (700, Hours), (950, Points), (950, Minutes), (950, Hours)];
        assert_eq!(left(limits), kept);
        // The newest point is deleted before the oldest minute, and that before the oldest hour.
        assert_eq!(left(RetentionLimits { bytes: 50, ..limits }), [&kept[..3], &kept[4..]].concat());
        assert_eq!(left(RetentionLimits { bytes: 30, ..limits }), [kept[0], kept[2], kept[5]]);
        // Minutes are never deleted before their points, whatever the limits.
        assert_eq!(left(RetentionLimits { minutes_age: Some(1), hours_age: Some(1), ..limits }), &kept[3..]);
    }

    #[test]
    fn unsealed_points_are_retained_as_long_as_hours() {
        let pieces: Vec<_> = [1, 600]
            .map(|at| Piece { segment: None, bytes: 0, ..detailed("a", at, DataResolution::Points) })
            .into();
        let limits = RetentionLimits {
            kind: DataKind::Metrics,
            minutes_age: Some(200),
            hours_age: Some(500),
            ..limits(100, 0)
        };
        let selected = plan(&pieces, &[limits], Timestamp(1000));
        assert_eq!(selected, [(pieces[0].clone(), DropReason::Age)]);
    }

    #[test]
    fn points_of_a_noisy_service_are_deleted_before_anything_of_a_quiet_one() {
        use DataResolution::{Hours, Points};
        let mut pieces: Vec<_> = (0..20).map(|at| detailed("noisy", at, Points)).collect();
        pieces.extend((0..20).map(|at| detailed("noisy", at, Hours)));
        pieces.extend((0..5).map(|at| detailed("quiet", at, Points)));
        let limits = RetentionLimits { kind: DataKind::Metrics, ..limits(10_000, 250) };
        let selected = plan(&pieces, &[limits], Timestamp(1000));
        assert!(selected.iter().all(|(piece, _)| piece.service == "noisy" && piece.detail == Points));
        assert_eq!(selected.len(), 20);
    }

    #[test]
    fn limits_of_one_kind_do_not_touch_another() {
        let pieces = [Piece { kind: DataKind::Spans, ..piece("a", 1, 1000) }];
        assert!(select(&pieces, 1, 0).is_empty());
    }
}
