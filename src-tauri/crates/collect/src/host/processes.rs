//! Selection of the processes to record.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashSet},
};

use model::{NANOS_PER_SECOND, Timestamp};

use super::{
    metrics::ProcessState,
    metrics_builder::{MetricsBuilder, tag},
};

/// New process names per hour. Names become series that are stored for years, and some programs
/// change their name at every start.
const MAX_NEW_PER_HOUR: usize = 60;
const HOUR: i64 = 3600 * NANOS_PER_SECOND;

/// All processes of one name. Series per pid would grow without bound on a machine that compiles.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NamedProcesses {
    name: String,
    /// Share of all processors.
    cpu: f64,
    memory_bytes: u64,
}

impl NamedProcesses {
    /// Records the processor time and the memory of the name.
    pub(crate) fn record(&self, builder: &mut MetricsBuilder) {
        let attributes = tag("process.executable.name", &self.name);
        builder.gauge("process.cpu.utilization", "1", attributes.clone(), self.cpu);
        builder.gauge("process.memory.usage", "By", attributes, self.memory_bytes as f64);
    }
}

/// The selection of the largest processes, with a bounded number of series.
#[derive(Debug, Default)]
pub(crate) struct ProcessChoice {
    hour: Timestamp,
    admitted: HashSet<String>,
    seen_before: HashSet<u32>,
}

impl ProcessChoice {
    /// Returns the `count` names with the most processor time and the `count` with the most memory.
    /// A process counts from its second reading on, since the first one has no processor time.
    pub(crate) fn choose(
        &mut self,
        processes: &[ProcessState],
        count: usize,
        now: Timestamp,
    ) -> Vec<NamedProcesses> {
        if now.floor(HOUR) != self.hour {
            self.hour = now.floor(HOUR);
            self.admitted.clear();
        }
        let mut names: BTreeMap<&str, NamedProcesses> = BTreeMap::new();
        for process in processes.iter().filter(|process| self.seen_before.contains(&process.pid)) {
            let name = stem(&process.name);
            let sum = names.entry(name).or_insert_with(|| NamedProcesses {
                name: name.to_owned(),
                cpu: 0.0,
                memory_bytes: 0,
            });
            // NaN would spread to the sum.
            sum.cpu = (sum.cpu + process.cpu.max(0.0)).min(1.0);
            sum.memory_bytes = sum.memory_bytes.saturating_add(process.memory_bytes);
        }
        self.seen_before = processes.iter().map(|process| process.pid).collect();
        let mut by_cpu: Vec<&NamedProcesses> = names.values().filter(|name| name.cpu > 0.0).collect();
        by_cpu.sort_by(|one, other| other.cpu.total_cmp(&one.cpu));
        let mut by_memory: Vec<&NamedProcesses> =
            names.values().filter(|name| name.memory_bytes > 0).collect();
        by_memory.sort_by_key(|name| Reverse(name.memory_bytes));
        let mut chosen: Vec<_> =
            by_cpu.into_iter().take(count).chain(by_memory.into_iter().take(count)).collect();
        chosen.sort_by(|one, other| one.name.cmp(&other.name));
        chosen.dedup();
        chosen.retain(|chosen| {
            self.admitted.contains(&chosen.name)
                || (self.admitted.len() < MAX_NEW_PER_HOUR && self.admitted.insert(chosen.name.clone()))
        });
        chosen.into_iter().cloned().collect()
    }
}

/// Returns the part of a name before the suffix of kernel threads, as in `kworker/u8:2-events`.
fn stem(name: &str) -> &str {
    name.split_once('/').map_or(name, |(stem, _)| if stem.is_empty() { name } else { stem })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(pid: u32, name: &str, cpu: f64, memory_bytes: u64) -> ProcessState {
        ProcessState { name: name.to_owned(), pid, cpu, memory_bytes }
    }

    fn chosen(choice: &mut ProcessChoice, processes: &[ProcessState], count: usize) -> Vec<NamedProcesses> {
        choice.choose(processes, count, Timestamp(1))
    }

    #[test]
    fn the_largest_are_chosen_from_their_second_reading_on() {
        let mut choice = ProcessChoice::default();
        let processes = [
            process(1, "a", 0.5, 10),
            process(2, "b", 0.1, 500),
            process(3, "c", 0.4, 20),
            process(4, "d", f64::NAN, 1),
        ];
        assert_eq!(chosen(&mut choice, &processes, 1), []);
        let names: Vec<_> =
            chosen(&mut choice, &processes, 1).into_iter().map(|chosen| chosen.name).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(chosen(&mut choice, &processes, 0), []);
    }

    #[test]
    fn processes_of_one_name_are_added() {
        let mut choice = ProcessChoice::default();
        let processes = [
            process(1, "rustc", 0.25, 100),
            process(2, "rustc", 0.5, 200),
            process(3, "kworker/0:1-events", 0.125, 0),
            process(4, "kworker/u8:2", 0.0, 0),
            process(5, "rustc", f64::NAN, 50),
            process(6, "/odd", 0.0, 1),
        ];
        chosen(&mut choice, &processes, 9);
        let named =
            |name: &str, cpu, memory_bytes| NamedProcesses { name: name.to_owned(), cpu, memory_bytes };
        let found = chosen(&mut choice, &processes, 9);
        assert_eq!(found, [named("/odd", 0.0, 1), named("kworker", 0.125, 0), named("rustc", 0.75, 350)]);
    }

    #[test]
    fn new_processes_add_no_series_and_new_names_a_bounded_number() {
        let mut names = HashSet::new();
        let mut choice = ProcessChoice::default();
        for tick in 0..2_000_u32 {
            let processes = [process(tick, "cc1", 1.0, 5), process(tick + 1, "cc1", 1.0, 5)];
            let next = choice.choose(&processes, 5, Timestamp(i64::from(tick)));
            names.extend(next.into_iter().map(|chosen| chosen.name));
        }
        assert_eq!(names.len(), 1);
        for tick in 0..2_000_u32 {
            let processes = [tick, tick + 1].map(|pid| process(pid, &format!("test-{pid}"), 1.0, 5));
            let next = choice.choose(&processes, 5, Timestamp(i64::from(tick)));
            names.extend(next.into_iter().map(|chosen| chosen.name));
        }
        assert_eq!(names.len(), MAX_NEW_PER_HOUR);
        assert_eq!(choice.choose(&[process(2_000, "p", 1.0, 5)], 5, Timestamp(HOUR)).len(), 1);
    }
}
