//! Diagnostics: problems around Binnacle that the user should act on, while they last.

use std::{cmp::Reverse, collections::BTreeMap};

use model::{AlertSeverity, Diagnostic, NANOS_PER_SECOND, Timestamp};
use parking_lot::Mutex;
use store::{DiskSpace, DroppedSeries, SegmentFault};

use self::series::{id, too_many_series};
use super::Protocol;

mod receivers;
mod series;

/// Time without dropped points or rejected requests after which they are no longer reported, in
/// nanoseconds.
const QUIET_AFTER: i64 = 15 * 60 * NANOS_PER_SECOND;
/// Maximum number of labels reported one by one.
const MAX_LABELS: usize = 10;
/// Id of the diagnostic for a full disk.
const DISK: &str = "disk";
/// Id of the diagnostic for damaged files.
const DAMAGED: &str = "damaged";

/// What diagnostics are made from.
#[derive(Debug, Default)]
pub(super) struct Observed {
    pub(super) disk_space: DiskSpace,
    pub(super) faults: Vec<SegmentFault>,
    pub(super) dropped: Vec<DroppedSeries>,
    /// Receivers that do not listen because other machines would reach them, with the reason.
    pub(super) refused: Vec<(Protocol, String)>,
    /// Requests that receivers rejected because the memory budget was exhausted.
    pub(super) over_budget: Vec<(Protocol, u64)>,
}

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

    /// Updates the count of what was dropped or rejected. Returns true if it has grown lately.
    fn count(&mut self, points: u64, now: Timestamp) -> bool {
        if self.points != points {
            if now.since(self.last) > QUIET_AFTER {
                self.since = now;
            }
            (self.last, self.points) = (now, points);
        }
        now.since(self.last) <= QUIET_AFTER
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

    /// Updates the problems from what was observed and returns the diagnostics, worst first.
    pub(super) fn update(&self, observed: &Observed, now: Timestamp) -> Vec<Diagnostic> {
        let Observed { disk_space, faults, dropped, refused, over_budget } = observed;
        let mut problems = self.0.lock();
        let mut diagnostics = Vec::new();
        if disk_space.full {
            let problem = problems.entry(DISK.to_owned()).or_insert(Problem::begin(now));
            diagnostics.push(disk_full(*disk_space, problem.since));
        } else {
            problems.remove(DISK);
        }
        if let Some(first) = faults.first() {
            let problem = problems.entry(DAMAGED.to_owned()).or_insert(Problem::begin(now));
            diagnostics.push(damaged(first, faults.len(), problem.since));
        } else {
            problems.remove(DAMAGED);
        }
        problems.retain(|id, _| {
            !id.starts_with(receivers::REFUSED)
                || refused.iter().any(|(protocol, _)| receivers::refused_id(*protocol) == *id)
        });
        for (protocol, reason) in refused {
            let problem = problems.entry(receivers::refused_id(*protocol)).or_insert(Problem::begin(now));
            diagnostics.push(receivers::refused(*protocol, reason, problem.since));
        }
        let total: u64 = over_budget.iter().map(|(_, count)| count).sum();
        if total > 0 {
            let problem = problems.entry(receivers::OVER_BUDGET.to_owned()).or_insert(Problem::begin(now));
            if problem.count(total, now) {
                diagnostics.push(receivers::over_budget(over_budget, problem.since));
            }
        }
        let mut ongoing: Vec<(&DroppedSeries, Problem)> = Vec::new();
        for one in dropped.iter().filter(|one| one.points > 0) {
            let problem = problems.entry(id(one)).or_insert(Problem::begin(now));
            if problem.count(one.points, now) {
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

#[cfg(test)]
mod tests {
    use model::{DataResolution, TimeRange};
    use store::{CardinalityLimit, Segment, SegmentSignal};

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

    fn observed(disk_space: DiskSpace, faults: &[SegmentFault], dropped: &[DroppedSeries]) -> Observed {
        Observed { disk_space, faults: faults.to_vec(), dropped: dropped.to_vec(), ..Observed::default() }
    }

    #[test]
    fn a_receiver_without_protection_is_reported_until_it_listens() {
        let diagnostics = Diagnostics::default();
        let protocol = Protocol { name: "otlp_grpc", title: "OTLP over gRPC" };
        let refused = |reasons: &[&str]| Observed {
            refused: reasons.iter().map(|reason| (protocol, (*reason).to_owned())).collect(),
            ..Observed::default()
        };
        let first = diagnostics.update(&refused(&["set the token"]), Timestamp(1));
        assert!(first[0].title.starts_with("OTLP over gRPC is not listening"), "{}", first[0].title);
        assert!(first[0].detail.starts_with("set the token"), "{}", first[0].detail);
        assert_eq!(diagnostics.update(&refused(&["set the key"]), Timestamp(2))[0].since, Timestamp(1));
        assert!(diagnostics.update(&refused(&[]), Timestamp(3)).is_empty());
        assert_eq!(diagnostics.update(&refused(&["set the key"]), Timestamp(4))[0].since, Timestamp(4));
    }

    #[test]
    fn an_exhausted_budget_is_reported_with_its_receivers_until_it_is_quiet_again() {
        let diagnostics = Diagnostics::default();
        let at = |seconds: i64| Timestamp(seconds * NANOS_PER_SECOND);
        let grpc = Protocol { name: "otlp_grpc", title: "OTLP over gRPC" };
        let statsd = Protocol { name: "statsd", title: "StatsD over UDP" };
        let rejected =
            |counts: &[(Protocol, u64)]| Observed { over_budget: counts.to_vec(), ..Observed::default() };
        assert!(diagnostics.update(&rejected(&[]), at(0)).is_empty());
        let first = diagnostics.update(&rejected(&[(grpc, 3), (statsd, 40)]), at(10));
        assert!(first[0].detail.contains("OTLP over gRPC 3, StatsD over UDP 40"), "{}", first[0].detail);
        assert_eq!(diagnostics.update(&rejected(&[(grpc, 4)]), at(600))[0].since, at(10));
        assert_eq!(diagnostics.update(&rejected(&[(grpc, 4)]), at(1_400)).len(), 1, "lasts a while");
        assert!(diagnostics.update(&rejected(&[(grpc, 4)]), at(1_600)).is_empty(), "quiet");
        assert_eq!(diagnostics.update(&rejected(&[(grpc, 5)]), at(2_000))[0].since, at(2_000), "and again");
    }

    #[test]
    fn a_full_disk_is_reported_first_and_until_there_is_space() {
        let diagnostics = Diagnostics::default();
        let full = DiskSpace { free: 1_000_000, reserve: 2_000_000, full: true };
        let first = diagnostics.update(&observed(full, &[], &[dropped(1)]), Timestamp(5));
        assert_eq!((first[0].id.as_str(), first[0].severity), (DISK, AlertSeverity::Critical));
        assert_eq!(diagnostics.update(&observed(full, &[], &[]), Timestamp(9))[0].since, Timestamp(5));
        assert!(diagnostics.update(&observed(DiskSpace::default(), &[], &[]), Timestamp(10)).is_empty());
        assert_eq!(diagnostics.update(&observed(full, &[], &[]), Timestamp(11))[0].since, Timestamp(11));
    }

    #[test]
    fn damaged_files_are_reported_until_they_are_gone() {
        let diagnostics = Diagnostics::default();
        let space = DiskSpace::default();
        assert!(diagnostics.update(&observed(space, &[], &[]), Timestamp(1)).is_empty());
        let reported = diagnostics.update(&observed(space, &[fault(7), fault(8)], &[]), Timestamp(2));
        assert_eq!(
            (reported[0].title.as_str(), reported[0].since),
            ("2 files of metrics are damaged", Timestamp(2))
        );
        assert!(reported[0].detail.ends_with("samples-7.parquet: unreadable"), "{}", reported[0].detail);
        assert_eq!(
            diagnostics.update(&observed(space, &[fault(8)], &[]), Timestamp(3))[0].title,
            "A file of metrics is damaged"
        );
        assert!(diagnostics.update(&observed(space, &[], &[]), Timestamp(4)).is_empty());
    }

    #[test]
    fn a_label_is_reported_with_its_source_until_it_is_quiet_again() {
        let diagnostics = Diagnostics::default();
        let at = |seconds: i64| Timestamp(seconds * NANOS_PER_SECOND);
        assert!(diagnostics.update(&observed(DiskSpace::default(), &[], &[dropped(0)]), at(0)).is_empty());
        let first = diagnostics.update(&observed(DiskSpace::default(), &[], &[dropped(10)]), at(10));
        assert_eq!(first.len(), 1);
        assert_eq!(first[0].title, "shop: label user.id has about 5000 values");
        assert!(first[0].detail.contains("received by otlp_grpc"), "{}", first[0].detail);
        let later = diagnostics.update(&observed(DiskSpace::default(), &[], &[dropped(20)]), at(600));
        assert_eq!((later[0].since, &later[0].id), (at(10), &first[0].id));
        assert_eq!(
            diagnostics.update(&observed(DiskSpace::default(), &[], &[dropped(20)]), at(1_400)).len(),
            1,
            "lasts a while"
        );
        assert!(
            diagnostics.update(&observed(DiskSpace::default(), &[], &[dropped(20)]), at(1_600)).is_empty(),
            "quiet"
        );
        assert_eq!(
            diagnostics.update(&observed(DiskSpace::default(), &[], &[dropped(21)]), at(2_000))[0].since,
            at(2_000),
            "and again"
        );
    }
}
