//! Watched processes, in groups by name: `/proc/PID/{stat,io,status,fd,limits}` (proc(5)). Names
//! follow OpenTelemetry's conventions for process metrics.

use std::{collections::HashMap, fs};

use config::WatchedProcess;
use model::{Attributes, Timestamp};

use super::{
    collector::{Collector, Reading},
    kernel_files::KernelFiles,
    membership::{Identity, Membership},
    process_table::Process,
    process_totals::{ProcessTotals, open_files_limit},
};
use crate::host::metrics_builder::{MetricsBuilder, tag};

/// Units and facts of the machine.
#[derive(Debug, Clone, Copy)]
struct MachineFacts {
    ticks_per_second: f64,
    page_bytes: u64,
    processors: usize,
    /// Seconds since the epoch.
    boot_time: Option<u64>,
}

/// The processes of one group.
#[derive(Debug)]
pub(crate) struct WatchedGroup {
    name: String,
    membership: Membership,
    /// The last totals of living processes, and the sum of ended ones: totals never decrease.
    living: HashMap<Identity, ProcessTotals>,
    gone: ProcessTotals,
    /// The process that started first, and the number of times that it changed.
    eldest: Option<Identity>,
    restarts: u64,
    before: Option<(u64, Timestamp)>,
}

impl WatchedGroup {
    pub(crate) fn new(settings: WatchedProcess) -> Self {
        Self {
            name: settings.name.clone(),
            membership: Membership::new(settings),
            living: HashMap::new(),
            gone: ProcessTotals::default(),
            eldest: None,
            restarts: 0,
            before: None,
        }
    }

    /// Records the group. Without processes, only their number and the totals are recorded.
    fn record_group(
        &mut self,
        builder: &mut MetricsBuilder,
        kernel: &KernelFiles,
        processes: &[Process],
        facts: MachineFacts,
        now: Timestamp,
    ) {
        let positions = self.membership.members(kernel, processes);
        let members: Vec<&Process> = positions.iter().map(|position| &processes[*position]).collect();
        let group = tag("process.group", &self.name);
        self.count(&members);
        builder.gauge("process.count", "{process}", group.clone(), members.len() as f64);
        builder.counter("process.restarts", "{restart}", group.clone(), self.restarts as f64);
        let mut living = HashMap::with_capacity(members.len());
        for process in &members {
            let identity = (process.pid, process.started);
            let mut totals = ProcessTotals::read(kernel, process);
            // A process that is just ending may not be readable; its total stays.
            if let Some(last) = self.living.remove(&identity) {
                totals.fill(last);
            }
            living.insert(identity, totals);
        }
        for (_, ended) in self.living.drain() {
            self.gone += ended;
        }
        self.living = living;
        let mut all = self.gone;
        self.living.values().for_each(|totals| all += *totals);
        self.record_totals(builder, &group, all, facts, now);
        if !members.is_empty() {
            record_state(builder, &group, kernel, &members, facts, now);
        }
    }

    /// Counts a restart if the eldest process is another one than before.
    fn count(&mut self, members: &[&Process]) {
        let eldest = members
            .iter()
            .map(|process| (process.pid, process.started))
            .min_by_key(|(pid, started)| (*started, *pid));
        if let Some(eldest) = eldest {
            if self.eldest.is_some_and(|previous| previous != eldest && eldest.1 >= previous.1) {
                self.restarts += 1;
            }
            self.eldest = Some(eldest);
        }
    }

    fn record_totals(
        &mut self,
        builder: &mut MetricsBuilder,
        group: &Attributes,
        all: ProcessTotals,
        facts: MachineFacts,
        now: Timestamp,
    ) {
        let seconds = |ticks: u64| ticks as f64 / facts.ticks_per_second;
        for (mode, ticks) in [("user", all.user_ticks), ("system", all.system_ticks)] {
            builder.counter("process.cpu.time", "s", group.clone().with("cpu.mode", mode), seconds(ticks));
        }
        let ticks = all.user_ticks.saturating_add(all.system_ticks);
        if let Some((before, then)) = self.before.replace((ticks, now)) {
            let passed = now.0.saturating_sub(then.0) as f64 / 1e9 * facts.processors.max(1) as f64;
            if passed > 0.0 {
                let share = (seconds(ticks.saturating_sub(before)) / passed).clamp(0.0, 1.0);
                builder.gauge("process.cpu.utilization", "1", group.clone(), share);
            }
        }
        let counters = [
            ("process.paging.faults", "{fault}", "system.paging.fault.type", "minor", Some(all.minor_faults)),
            ("process.paging.faults", "{fault}", "system.paging.fault.type", "major", Some(all.major_faults)),
            ("process.disk.io", "By", "disk.io.direction", "read", all.read_bytes),
            ("process.disk.io", "By", "disk.io.direction", "write", all.written_bytes),
            ("process.context_switches", "{context_switch}", SWITCH, "voluntary", all.voluntary),
            ("process.context_switches", "{context_switch}", SWITCH, "involuntary", all.involuntary),
        ];
        for (metric, unit, key, value, total) in counters {
            if let Some(total) = total {
                builder.counter(metric, unit, group.clone().with(key, value), total as f64);
            }
        }
    }
}

impl Collector for WatchedGroup {
    fn record(&mut self, reading: &Reading<'_>, builder: &mut MetricsBuilder) {
        let facts = MachineFacts {
            ticks_per_second: reading.units.ticks_per_second,
            page_bytes: reading.units.page_bytes,
            processors: reading.processors(),
            boot_time: reading.statistics.boot_time,
        };
        self.record_group(builder, reading.kernel, &reading.processes.processes, facts, reading.now);
    }
}

const SWITCH: &str = "process.context_switch.type";

/// Records the current memory, threads, descriptors and start time.
fn record_state(
    builder: &mut MetricsBuilder,
    group: &Attributes,
    kernel: &KernelFiles,
    members: &[&Process],
    facts: MachineFacts,
    now: Timestamp,
) {
    let sum =
        |of: fn(&Process) -> u64| members.iter().map(|process| of(process)).fold(0, u64::saturating_add);
    let resident = sum(|process| process.resident_pages).saturating_mul(facts.page_bytes);
    let mut gauge = |metric: &str, unit: &str, value: f64| builder.gauge(metric, unit, group.clone(), value);
    gauge("process.memory.usage", "By", resident as f64);
    gauge("process.memory.virtual", "By", sum(|process| process.virtual_bytes) as f64);
    gauge("process.thread.count", "{thread}", sum(|process| process.threads) as f64);
    let mut descriptors = None;
    let mut smallest_limit: Option<u64> = None;
    for process in members {
        let folder = kernel.proc(&process.pid.to_string());
        if let Ok(listed) = fs::read_dir(folder.join("fd")) {
            *descriptors.get_or_insert(0_u64) += listed.count() as u64;
        }
        if let Some(limit) = open_files_limit(&folder) {
            smallest_limit = Some(smallest_limit.map_or(limit, |smallest| smallest.min(limit)));
        }
    }
    if let Some(count) = descriptors {
        gauge("process.unix.file_descriptor.count", "{file_descriptor}", count as f64);
    }
    if let Some(limit) = smallest_limit {
        gauge("process.unix.file_descriptor.limit", "{file_descriptor}", limit as f64);
    }
    let eldest = members.iter().map(|process| process.started).min();
    if let (Some(started), Some(boot)) = (eldest, facts.boot_time) {
        let started = boot as f64 + started as f64 / facts.ticks_per_second;
        gauge("process.start_time", "s", started);
        gauge("process.uptime", "s", (now.0 as f64 / 1e9 - started).max(0.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::recorded::recorded;

    const FACTS: MachineFacts =
        MachineFacts { ticks_per_second: 100.0, page_bytes: 4096, processors: 2, boot_time: Some(1000) };

    fn process(pid: u32, started: u64, ticks: u64) -> Process {
        Process {
            pid,
            started,
            name: "db".into(),
            user_ticks: ticks,
            threads: 2,
            resident_pages: 10,
            virtual_bytes: 1 << 20,
            ..Process::default()
        }
    }

    fn watched() -> WatchedGroup {
        WatchedGroup::new(WatchedProcess {
            name: "db".into(),
            executable: "db".into(),
            ..WatchedProcess::default()
        })
    }

    #[test]
    fn totals_stay_when_processes_end_and_restarts_are_counted() {
        let folder = tempfile::tempdir().unwrap();
        let kernel = KernelFiles::recorded(folder.path());
        fs::create_dir_all(kernel.proc("7/fd")).unwrap();
        fs::write(kernel.proc("7/fd/0"), "").unwrap();
        fs::write(kernel.proc("7/io"), "rchar: 9\nread_bytes: 4096\nwrite_bytes: x\n").unwrap();
        fs::write(kernel.proc("7/status"), "voluntary_ctxt_switches:\t5\n").unwrap();
        fs::write(kernel.proc("7/limits"), "Limit Soft\nMax open files   1024   4096 files\n").unwrap();
        let mut watched = watched();
        let mut at = |seconds: i64, processes: &[Process]| {
            let now = Timestamp(seconds * 1_000_000_000);
            recorded(|builder| watched.record_group(builder, &kernel, processes, FACTS, now)).1
        };
        let first = at(2000, &[process(7, 500, 1000), process(8, 600, 100)]);
        for (series, value) in [
            ("process.count{process.group=db}", 2.0),
            ("process.cpu.time{cpu.mode=user,process.group=db}", 11.0),
            ("process.memory.usage{process.group=db}", 2.0 * 40_960.0),
            ("process.thread.count{process.group=db}", 4.0),
            ("process.unix.file_descriptor.count{process.group=db}", 1.0),
            ("process.unix.file_descriptor.limit{process.group=db}", 1024.0),
            ("process.disk.io{disk.io.direction=read,process.group=db}", 4096.0),
            ("process.context_switches{process.context_switch.type=voluntary,process.group=db}", 5.0),
            ("process.start_time{process.group=db}", 1005.0),
            ("process.uptime{process.group=db}", 995.0),
            ("process.restarts{process.group=db}", 0.0),
        ] {
            assert_eq!(first.get(series), Some(&value), "{series}");
        }
        assert!(!first.contains_key("process.disk.io{disk.io.direction=write,process.group=db}"));
        // A worker comes and goes: no restart, and its time remains in the total.
        let second = at(2010, &[process(7, 500, 2000)]);
        assert_eq!(second["process.cpu.time{cpu.mode=user,process.group=db}"], 21.0);
        assert_eq!(second["process.cpu.utilization{process.group=db}"], 0.5);
        assert_eq!(second["process.restarts{process.group=db}"], 0.0);
        let none = at(2020, &[]);
        assert_eq!((none["process.count{process.group=db}"], none.len()), (0.0, 9));
        let third = at(2030, &[process(9, 900, 50)]);
        assert_eq!(third["process.restarts{process.group=db}"], 1.0);
        assert_eq!(third["process.cpu.time{cpu.mode=user,process.group=db}"], 21.5);
    }

    #[test]
    fn this_program_is_found_and_recorded() {
        let kernel = KernelFiles::running();
        let mut table = super::super::process_table::ProcessTable::default();
        table.read(&kernel);
        let own = std::env::current_exe().unwrap();
        let settings = WatchedProcess {
            name: "me".into(),
            executable: own.file_name().unwrap().to_string_lossy().into_owned(),
            ..WatchedProcess::default()
        };
        let (_, values) = recorded(|builder| {
            WatchedGroup::new(settings).record_group(builder, &kernel, &table.processes, FACTS, Timestamp(1));
        });
        for metric in ["process.count", "process.memory.usage", "process.unix.file_descriptor.count"] {
            assert!(values[&format!("{metric}{{process.group=me}}")] >= 1.0, "{metric}");
        }
    }
}
