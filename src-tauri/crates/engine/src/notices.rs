//! What somebody should know of and act on, as long as it lasts.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use model::{AlertSeverity, NANOS_PER_SECOND, Notice, Timestamp};
use store::{DiskRoom, HeldBack, PartitionFault, SeriesLimit};

/// A label that brought nothing beyond the limits for this long, in nanoseconds, is no longer told of.
const CALM: i64 = 15 * 60 * NANOS_PER_SECOND;
/// Labels that are told of one by one.
const MOST_LABELS: usize = 10;
const DISK: &str = "disk";
const DAMAGED: &str = "damaged";

/// Remembers since when each matter lasts.
#[derive(Debug, Default)]
pub(crate) struct Notices(Mutex<BTreeMap<String, Matter>>);

#[derive(Debug, Clone, Copy)]
struct Matter {
    since: Timestamp,
    last: Timestamp,
    points: u64,
}

impl Notices {
    /// What is to be told now, the worst first.
    pub(crate) fn update(
        &self,
        room: DiskRoom,
        faults: &[PartitionFault],
        held_back: &[HeldBack],
        now: Timestamp,
    ) -> Vec<Notice> {
        let mut matters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut notices = Vec::new();
        if room.full {
            let matter = Matter { since: now, last: now, points: 0 };
            notices.push(disk_full(room, matters.entry(DISK.to_owned()).or_insert(matter).since));
        } else {
            matters.remove(DISK);
        }
        if let Some(first) = faults.first() {
            let matter = Matter { since: now, last: now, points: 0 };
            let since = matters.entry(DAMAGED.to_owned()).or_insert(matter).since;
            notices.push(damaged(first, faults.len(), since));
        } else {
            matters.remove(DAMAGED);
        }
        let mut lasting: Vec<(&HeldBack, Matter)> = Vec::new();
        for one in held_back.iter().filter(|one| one.points > 0) {
            let matter = matters.entry(id(one)).or_insert(Matter { since: now, last: now, points: 0 });
            if matter.points != one.points {
                if now.since(matter.last) > CALM {
                    matter.since = now;
                }
                (matter.last, matter.points) = (now, one.points);
            }
            if now.since(matter.last) <= CALM {
                lasting.push((one, *matter));
            }
        }
        lasting.sort_by_key(|(one, _)| std::cmp::Reverse(one.points));
        lasting.truncate(MOST_LABELS);
        notices.extend(lasting.into_iter().map(|(one, matter)| too_many_series(one, matter.since)));
        notices
    }
}

fn disk_full(room: DiskRoom, since: Timestamp) -> Notice {
    Notice {
        id: DISK.to_owned(),
        severity: AlertSeverity::Critical,
        title: "The disk is nearly full: nothing is taken in".to_owned(),
        detail: format!(
            "{} MB are free where the data lie, and {} MB are kept free (storage.reserve_megabytes). Senders are \
             asked to come again; what was acknowledged is safe. Intake goes on by itself once there is room.",
            room.free / 1_000_000,
            room.reserve / 1_000_000
        ),
        since,
    }
}

fn damaged(first: &PartitionFault, count: usize, since: Timestamp) -> Notice {
    let path = &first.partition.path;
    let file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    Notice {
        id: DAMAGED.to_owned(),
        severity: AlertSeverity::Warning,
        title: match count {
            1 => "A file of metrics is damaged".to_owned(),
            _ => format!("{count} files of metrics are damaged"),
        },
        detail: format!(
            "Charts leave out what only such a file holds, or show it in coarser steps; everything else goes on. \
             `binnacle-cli data repair` puts damaged files aside and makes anew what others tell. {file}: {}",
            first.reason
        ),
        since,
    }
}

fn id(held_back: &HeldBack) -> String {
    let limit = match held_back.limit {
        SeriesLimit::Total => "series",
        SeriesLimit::PerService => "series_per_service",
        SeriesLimit::ValuesPerLabel => "values_per_label",
    };
    format!("{limit} {} {}", held_back.service, held_back.label)
}

fn too_many_series(held_back: &HeldBack, since: Timestamp) -> Notice {
    let HeldBack { service, way, label, values, points, allowed, limit } = held_back;
    let title = match limit {
        SeriesLimit::ValuesPerLabel => format!("{service}: label {label} has about {values} values"),
        SeriesLimit::PerService => format!("{service} has more than {allowed} series"),
        SeriesLimit::Total => format!("More than {allowed} series"),
    };
    let setting = match limit {
        SeriesLimit::ValuesPerLabel => "values_per_label",
        SeriesLimit::PerService => "series_per_service",
        SeriesLimit::Total => "series",
    };
    let through = if way.is_empty() { String::new() } else { format!(", through {way}") };
    let blame = match limit {
        SeriesLimit::ValuesPerLabel => format!("At most {allowed} values of it are kept"),
        _ => format!("Label {label} of {service} has about {values} values"),
    };
    Notice {
        id: id(held_back),
        severity: AlertSeverity::Warning,
        title,
        detail: format!(
            "{blame}; {points} points of new series were left out so far{through}. Series that were there \
             before go on. Take the label out at its source, or raise limits.{setting} in the settings."
        ),
        since,
    }
}

#[cfg(test)]
mod tests {
    use model::{DataDetail, TimeRange};
    use store::{Partition, PartitionSignal};

    use super::*;

    fn held_back(points: u64) -> HeldBack {
        HeldBack {
            service: "shop".to_owned(),
            way: "otlp_grpc".to_owned(),
            label: "user.id".to_owned(),
            limit: SeriesLimit::ValuesPerLabel,
            allowed: 100,
            values: 5_000,
            points,
        }
    }

    fn fault(number: u64) -> PartitionFault {
        PartitionFault {
            partition: Partition {
                id: number,
                signal: PartitionSignal::Samples,
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
                form: DataDetail::Points,
                bundle: number,
                lasts: DataDetail::Points,
                services: Vec::new(),
                path: format!("/data/partitions/samples-{number}.parquet").into(),
            },
            reason: "unreadable".to_owned(),
        }
    }

    #[test]
    fn a_full_disk_is_told_of_first_and_until_there_is_room() {
        let notices = Notices::default();
        let full = DiskRoom { free: 1_000_000, reserve: 2_000_000, full: true };
        let first = notices.update(full, &[], &[held_back(1)], Timestamp(5));
        assert_eq!((first[0].id.as_str(), first[0].severity), (DISK, AlertSeverity::Critical));
        assert_eq!(notices.update(full, &[], &[], Timestamp(9))[0].since, Timestamp(5));
        assert!(notices.update(DiskRoom::default(), &[], &[], Timestamp(10)).is_empty());
        assert_eq!(notices.update(full, &[], &[], Timestamp(11))[0].since, Timestamp(11));
    }

    #[test]
    fn damaged_files_are_told_of_until_they_are_gone() {
        let notices = Notices::default();
        let room = DiskRoom::default();
        assert!(notices.update(room, &[], &[], Timestamp(1)).is_empty());
        let told = notices.update(room, &[fault(7), fault(8)], &[], Timestamp(2));
        assert_eq!((told[0].title.as_str(), told[0].since), ("2 files of metrics are damaged", Timestamp(2)));
        assert!(told[0].detail.ends_with("samples-7.parquet: unreadable"), "{}", told[0].detail);
        assert_eq!(
            notices.update(room, &[fault(8)], &[], Timestamp(3))[0].title,
            "A file of metrics is damaged"
        );
        assert!(notices.update(room, &[], &[], Timestamp(4)).is_empty());
    }

    #[test]
    fn a_label_is_told_of_with_its_source_until_it_is_calm_again() {
        let notices = Notices::default();
        let at = |seconds: i64| Timestamp(seconds * NANOS_PER_SECOND);
        assert!(notices.update(DiskRoom::default(), &[], &[held_back(0)], at(0)).is_empty());
        let first = notices.update(DiskRoom::default(), &[], &[held_back(10)], at(10));
        assert_eq!(first.len(), 1);
        assert_eq!(first[0].title, "shop: label user.id has about 5000 values");
        assert!(first[0].detail.contains("through otlp_grpc"), "{}", first[0].detail);
        let later = notices.update(DiskRoom::default(), &[], &[held_back(20)], at(600));
        assert_eq!((later[0].since, &later[0].id), (at(10), &first[0].id));
        assert_eq!(
            notices.update(DiskRoom::default(), &[], &[held_back(20)], at(1_400)).len(),
            1,
            "lasts a while"
        );
        assert!(notices.update(DiskRoom::default(), &[], &[held_back(20)], at(1_600)).is_empty(), "calm");
        assert_eq!(
            notices.update(DiskRoom::default(), &[], &[held_back(21)], at(2_000))[0].since,
            at(2_000),
            "and again"
        );
    }
}
