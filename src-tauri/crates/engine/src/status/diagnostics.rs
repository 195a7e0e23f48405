//! Diagnostics: problems around Binnacle that the user should act on, while they last.

use std::{cmp::Reverse, collections::BTreeMap};

use model::{AlertSeverity, Diagnostic, NANOS_PER_SECOND, Timestamp};
use parking_lot::Mutex;
use store::{CardinalityLimit, DiskSpace, DroppedSeries, SegmentFault};

/// Time without dropped points after which a label is no longer reported, in nanoseconds.
const QUIET_AFTER: i64 = 15 * 60 * NANOS_PER_SECOND;
/// Maximum number of labels reported one by one.
const MAX_LABELS: usize = 10;
/// Id of the diagnostic for a full disk.
const DISK: &str = "disk";
/// Id of the diagnostic for damaged files.
const DAMAGED: &str = "damaged";

/// The ongoing problems, with the start of each.
#[derive(Debug, Default)]
pub(super) struct Diagnostics(Mutex<BTreeMap<String, Problem>>);

#[derive(Debug, Clone, Copy)]
struct Problem {
    since: Timestamp,
    last: Timestamp,
    points: u64,
}

impl Problem {
    fn begin(now: Timestamp) -> Self {
        Self { since: now, last: now, points: 0 }
    }
}

impl Diagnostics {
    /// Returns the start of a problem that lasts, or forgets it.
    pub(super) fn since(&self, id: &str, lasts: bool, now: Timestamp) -> Timestamp {
        let mut problems = self.0.lock();
        if lasts {
            return problems.entry(id.to_owned()).or_insert(Problem::begin(now)).since;
        }
        problems.remove(id);
        now
    }

    /// Updates the problems from the store's state and returns the diagnostics, worst first.
    pub(super) fn update(
        &self,
        disk_space: DiskSpace,
        faults: &[SegmentFault],
        dropped: &[DroppedSeries],
        now: Timestamp,
    ) -> Vec<Diagnostic> {
        let mut problems = self.0.lock();
        let mut diagnostics = Vec::new();
        if disk_space.full {
            let problem = problems.entry(DISK.to_owned()).or_insert(Problem::begin(now));
            diagnostics.push(disk_full(disk_space, problem.since));
        } else {
            problems.remove(DISK);
        }
        if let Some(first) = faults.first() {
            let problem = problems.entry(DAMAGED.to_owned()).or_insert(Problem::begin(now));
            diagnostics.push(damaged(first, faults.len(), problem.since));
        } else {
            problems.remove(DAMAGED);
        }
        let mut ongoing: Vec<(&DroppedSeries, Problem)> = Vec::new();
        for one in dropped.iter().filter(|one| one.points > 0) {
            let problem = problems.entry(id(one)).or_insert(Problem::begin(now));
            if problem.points != one.points {
                if now.since(problem.last) > QUIET_AFTER {
                    problem.since = now;
                }
                (problem.last, problem.points) = (now, one.points);
            }
            if now.since(problem.last) <= QUIET_AFTER {
                ongoing.push((one, *problem));
            }
        }
        ongoing.sort_by_key(|(one, _)| Reverse(one.points));
        ongoing.truncate(MAX_LABELS);
        diagnostics.extend(ongoing.into_iter().map(|(one, problem)| too_many_series(one, problem.since)));
        diagnostics
    }
}

fn disk_full(disk_space: DiskSpace, since: Timestamp) -> Diagnostic {
    Diagnostic {
        id: DISK.to_owned(),
        severity: AlertSeverity::Critical,
        title: "The disk is nearly full: telemetry is rejected".to_owned(),
        detail: format!(
            "{} MB are free on the disk of the data folder, {} MB are reserved (storage.reserve_megabytes). \
             Senders are asked to retry. Acknowledged data are safe. Receiving resumes once there is space.",
            disk_space.free / 1_000_000,
            disk_space.reserve / 1_000_000
        ),
        since,
    }
}

fn damaged(first: &SegmentFault, count: usize, since: Timestamp) -> Diagnostic {
    let path = &first.segment.path;
    let file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    Diagnostic {
        id: DAMAGED.to_owned(),
        severity: AlertSeverity::Warning,
        title: match count {
            1 => "A file of metrics is damaged".to_owned(),
            _ => format!("{count} files of metrics are damaged"),
        },
        detail: format!(
            "Charts lack data that only such a file has, or show them at a lower resolution. All else \
             works. `binnacle-cli data repair` quarantines damaged files and rebuilds what it can from \
             others. {file}: {}",
            first.reason
        ),
        since,
    }
}

fn id(dropped: &DroppedSeries) -> String {
    format!("{} {} {}", setting(dropped.limit), dropped.service, dropped.label)
}

/// Returns the name of the setting of a limit.
fn setting(limit: CardinalityLimit) -> &'static str {
    match limit {
        CardinalityLimit::Total => "series",
        CardinalityLimit::PerService => "series_per_service",
        CardinalityLimit::ValuesPerLabel => "values_per_label",
        CardinalityLimit::LabelBytes => "label_bytes",
        CardinalityLimit::Resources => "resources",
        CardinalityLimit::LabelSetBytes => "label_set_bytes",
    }
}

fn too_many_series(dropped: &DroppedSeries, since: Timestamp) -> Diagnostic {
    let DroppedSeries { service, source, label, values, points, allowed, limit } = dropped;
    let received_by = if source.is_empty() { String::new() } else { format!(", received by {source}") };
    if let Some((title, detail)) = reduced(dropped, &received_by) {
        return Diagnostic { id: id(dropped), severity: AlertSeverity::Warning, title, detail, since };
    }
    let (title, cause) = match limit {
        CardinalityLimit::ValuesPerLabel => (
            format!("{service}: label {label} has about {values} values"),
            format!("At most {allowed} values of it are stored"),
        ),
        CardinalityLimit::PerService => (
            format!("{service} has more than {allowed} series"),
            format!("Label {label} of {service} has about {values} values"),
        ),
        CardinalityLimit::Total => (
            format!("More than {allowed} series"),
            format!("Label {label} of {service} has about {values} values"),
        ),
        CardinalityLimit::LabelBytes | CardinalityLimit::Resources | CardinalityLimit::LabelSetBytes => (
            format!("The labels of all series have more than {allowed} bytes"),
            format!("Label {label} of {service} has about {values} values"),
        ),
    };
    Diagnostic {
        id: id(dropped),
        severity: AlertSeverity::Warning,
        title,
        detail: format!(
            "{cause}. {points} points of new series were dropped so far{received_by}. Existing series \
             continue. Remove the label at its source, or raise limits.{} in the settings.",
            setting(*limit)
        ),
        since,
    }
}

/// Returns title and detail of a problem in which records are stored with less than was sent.
fn reduced(dropped: &DroppedSeries, received_by: &str) -> Option<(String, String)> {
    let DroppedSeries { service, points, allowed, limit, .. } = dropped;
    match limit {
        CardinalityLimit::LabelSetBytes => Some((
            format!("{service}: labels of a series or a resource have more than {allowed} bytes"),
            format!(
                "{points} values were cut so far{received_by}. Shorten them at their source, or raise \
                 limits.label_set_bytes in the settings."
            ),
        )),
        CardinalityLimit::Resources => Some((
            format!("More than {allowed} resources"),
            format!(
                "The last is of {service}{received_by}. Points of new series were dropped, and log records \
                 and spans have a resource with the service only ({points} so far). Remove attributes that \
                 change, such as an id of each run, at their source, or raise limits.resources in the \
                 settings."
            ),
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use model::{DataResolution, TimeRange};
    use store::{Segment, SegmentSignal};

    use super::*;

    fn dropped(points: u64) -> DroppedSeries {
        DroppedSeries {
            service: "shop".to_owned(),
            source: "otlp_grpc".to_owned(),
            label: "user.id".to_owned(),
            limit: CardinalityLimit::ValuesPerLabel,
            allowed: 100,
            values: 5_000,
            points,
        }
    }

    fn fault(number: u64) -> SegmentFault {
        SegmentFault {
            segment: Segment {
                id: number,
                signal: SegmentSignal::Samples,
                level: 0,
                window: TimeRange { start: Timestamp(0), end: Timestamp(1) },
                first: Timestamp(0),
                last: Timestamp(0),
                points: 1,
                series: 1,
                bytes: 1,
                checksum: String::new(),
                head: 1,
                pinned: false,
                resolution: DataResolution::Points,
                part_group: number,
                retention_tier: DataResolution::Points,
                services: Vec::new(),
                path: format!("/data/segments/samples-{number}.parquet").into(),
            },
            reason: "unreadable".to_owned(),
        }
    }

    #[test]
    fn a_full_disk_is_reported_first_and_until_there_is_space() {
        let diagnostics = Diagnostics::default();
        let full = DiskSpace { free: 1_000_000, reserve: 2_000_000, full: true };
        let first = diagnostics.update(full, &[], &[dropped(1)], Timestamp(5));
        assert_eq!((first[0].id.as_str(), first[0].severity), (DISK, AlertSeverity::Critical));
        assert_eq!(diagnostics.update(full, &[], &[], Timestamp(9))[0].since, Timestamp(5));
        assert!(diagnostics.update(DiskSpace::default(), &[], &[], Timestamp(10)).is_empty());
        assert_eq!(diagnostics.update(full, &[], &[], Timestamp(11))[0].since, Timestamp(11));
    }

    #[test]
    fn damaged_files_are_reported_until_they_are_gone() {
        let diagnostics = Diagnostics::default();
        let space = DiskSpace::default();
        assert!(diagnostics.update(space, &[], &[], Timestamp(1)).is_empty());
        let reported = diagnostics.update(space, &[fault(7), fault(8)], &[], Timestamp(2));
        assert_eq!(
            (reported[0].title.as_str(), reported[0].since),
            ("2 files of metrics are damaged", Timestamp(2))
        );
        assert!(reported[0].detail.ends_with("samples-7.parquet: unreadable"), "{}", reported[0].detail);
        assert_eq!(
            diagnostics.update(space, &[fault(8)], &[], Timestamp(3))[0].title,
            "A file of metrics is damaged"
        );
        assert!(diagnostics.update(space, &[], &[], Timestamp(4)).is_empty());
    }

    #[test]
    fn a_label_is_reported_with_its_source_until_it_is_quiet_again() {
        let diagnostics = Diagnostics::default();
        let at = |seconds: i64| Timestamp(seconds * NANOS_PER_SECOND);
        assert!(diagnostics.update(DiskSpace::default(), &[], &[dropped(0)], at(0)).is_empty());
        let first = diagnostics.update(DiskSpace::default(), &[], &[dropped(10)], at(10));
        assert_eq!(first.len(), 1);
        assert_eq!(first[0].title, "shop: label user.id has about 5000 values");
        assert!(first[0].detail.contains("received by otlp_grpc"), "{}", first[0].detail);
        let later = diagnostics.update(DiskSpace::default(), &[], &[dropped(20)], at(600));
        assert_eq!((later[0].since, &later[0].id), (at(10), &first[0].id));
        assert_eq!(
            diagnostics.update(DiskSpace::default(), &[], &[dropped(20)], at(1_400)).len(),
            1,
            "lasts a while"
        );
        assert!(diagnostics.update(DiskSpace::default(), &[], &[dropped(20)], at(1_600)).is_empty(), "quiet");
        assert_eq!(
            diagnostics.update(DiskSpace::default(), &[], &[dropped(21)], at(2_000))[0].since,
            at(2_000),
            "and again"
        );
    }
}
