//! Which processes are told.

use std::{cmp::Ordering, collections::HashSet};

use model::{NANOS_PER_SECOND, Timestamp};

use super::vitals::ProcessState;

/// Each process is two series of its own, and a machine that compiles starts thousands of them: this many
/// new ones are told per hour at most.
const NEW_PER_HOUR: usize = 300;
const HOUR: i64 = 3600 * NANOS_PER_SECOND;

/// Chooses the processes that take most, and keeps the number of series they make bounded.
#[derive(Debug, Default)]
pub(crate) struct ProcessChoice {
    hour: Timestamp,
    admitted: HashSet<(u32, String)>,
    seen_before: HashSet<u32>,
}

impl ProcessChoice {
    /// The `count` processes with most processor time and the `count` with most memory. A process is told
    /// from its second reading on: the first tells no processor time, and many are gone by then.
    pub(crate) fn choose(
        &mut self,
        processes: &[ProcessState],
        count: usize,
        now: Timestamp,
    ) -> Vec<ProcessState> {
        if now.floor(HOUR) != self.hour {
            self.hour = now.floor(HOUR);
            self.admitted.clear();
        }
        let mut lasting: Vec<&ProcessState> =
            processes.iter().filter(|process| self.seen_before.contains(&process.pid)).collect();
        let mut chosen: Vec<&ProcessState> = Vec::new();
        let by_cpu = |a: &&ProcessState, b: &&ProcessState| -> Ordering { b.cpu.total_cmp(&a.cpu) };
        lasting.sort_by(by_cpu);
        chosen.extend(lasting.iter().take(count).filter(|process| process.cpu > 0.0));
        lasting.sort_by_key(|process| std::cmp::Reverse(process.memory_bytes));
        chosen.extend(lasting.iter().take(count).filter(|process| process.memory_bytes > 0));
        chosen.sort_by_key(|process| process.pid);
        chosen.dedup_by_key(|process| process.pid);
        chosen.retain(|process| {
            let key = (process.pid, process.name.clone());
            self.admitted.contains(&key) || (self.admitted.len() < NEW_PER_HOUR && self.admitted.insert(key))
        });
        self.seen_before = processes.iter().map(|process| process.pid).collect();
        chosen.into_iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(pid: u32, cpu: f64, memory_bytes: u64) -> ProcessState {
        ProcessState { name: format!("p{pid}"), pid, cpu, memory_bytes }
    }

    #[test]
    fn the_hungriest_are_chosen_from_their_second_reading_on() {
        let mut choice = ProcessChoice::default();
        let processes =
            [process(1, 0.5, 10), process(2, 0.1, 500), process(3, 0.4, 20), process(4, f64::NAN, 1)];
        assert_eq!(choice.choose(&processes, 1, Timestamp(0)), []);
        let chosen = choice.choose(&processes[..3], 1, Timestamp(1));
        assert_eq!(chosen.iter().map(|process| process.pid).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(choice.choose(&processes, 0, Timestamp(2)), []);
    }

    #[test]
    fn short_lived_processes_make_a_bounded_number_of_series() {
        let mut choice = ProcessChoice::default();
        let mut told = HashSet::new();
        for tick in 0..2_000_u32 {
            let processes = [process(tick, 1.0, 5), process(tick + 1, 1.0, 5)];
            for process in choice.choose(&processes, 5, Timestamp(i64::from(tick))) {
                told.insert(process.pid);
            }
        }
        assert_eq!(told.len(), NEW_PER_HOUR);
        let next_hour = choice.choose(&[process(2_000, 1.0, 5)], 5, Timestamp(HOUR));
        assert_eq!(next_hour.len(), 1);
    }
}
