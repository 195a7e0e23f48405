//! Which processes are told.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashSet},
};

use model::{NANOS_PER_SECOND, Timestamp};

use super::{
    telling::{Telling, tag},
    vitals::ProcessState,
};

/// Names make series that are kept for years, and programs exist that never call themselves the same twice: this many
/// new ones are told per hour at most.
const NEW_PER_HOUR: usize = 60;
const HOUR: i64 = 3600 * NANOS_PER_SECOND;

/// All processes of one name. Numbers of processes would make new series all day on a machine that compiles.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NamedProcesses {
    name: String,
    /// Share of all processors.
    cpu: f64,
    memory_bytes: u64,
}

impl NamedProcesses {
    pub(crate) fn tell(&self, telling: &mut Telling) {
        let attributes = tag("process.executable.name", &self.name);
        telling.gauge("process.cpu.utilization", "1", attributes.clone(), self.cpu);
        telling.gauge("process.memory.usage", "By", attributes, self.memory_bytes as f64);
    }
}

/// Chooses the processes that take most, and keeps the number of series they make bounded.
#[derive(Debug, Default)]
pub(crate) struct ProcessChoice {
    hour: Timestamp,
    admitted: HashSet<String>,
    seen_before: HashSet<u32>,
}

impl ProcessChoice {
    /// The `count` names whose processes take most processor time together and the `count` with most memory. A process
    /// counts from its second reading on: the first tells no processor time, and many are gone by then.
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
            let together = names.entry(name).or_insert_with(|| NamedProcesses {
                name: name.to_owned(),
                cpu: 0.0,
                memory_bytes: 0,
            });
            // What is not a number would spread to the others.
            together.cpu = (together.cpu + process.cpu.max(0.0)).min(1.0);
            together.memory_bytes = together.memory_bytes.saturating_add(process.memory_bytes);
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
                || (self.admitted.len() < NEW_PER_HOUR && self.admitted.insert(chosen.name.clone()))
        });
        chosen.into_iter().cloned().collect()
    }
}

/// A name without what tells threads of the kernel apart, such as `kworker/u8:2-events`.
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
    fn the_hungriest_are_chosen_from_their_second_reading_on() {
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
    fn processes_of_one_name_are_told_together() {
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
        let told = chosen(&mut choice, &processes, 9);
        assert_eq!(told, [named("/odd", 0.0, 1), named("kworker", 0.125, 0), named("rustc", 0.75, 350)]);
    }

    #[test]
    fn ever_new_processes_make_no_series_and_ever_new_names_a_bounded_number() {
        let mut told = HashSet::new();
        let mut choice = ProcessChoice::default();
        for tick in 0..2_000_u32 {
            let processes = [process(tick, "cc1", 1.0, 5), process(tick + 1, "cc1", 1.0, 5)];
            let next = choice.choose(&processes, 5, Timestamp(i64::from(tick)));
            told.extend(next.into_iter().map(|chosen| chosen.name));
        }
        assert_eq!(told.len(), 1);
        for tick in 0..2_000_u32 {
            let processes = [tick, tick + 1].map(|pid| process(pid, &format!("test-{pid}"), 1.0, 5));
            let next = choice.choose(&processes, 5, Timestamp(i64::from(tick)));
            told.extend(next.into_iter().map(|chosen| chosen.name));
        }
        assert_eq!(told.len(), NEW_PER_HOUR);
        assert_eq!(choice.choose(&[process(2_000, "p", 1.0, 5)], 5, Timestamp(HOUR)).len(), 1);
    }
}
