//! The catalog with a file against one that holds everything in memory.

use std::collections::BTreeMap;

use model::{
    AttributeValue, Attributes, MatchOperator, Resource, Series, TagMatcher, TelemetryBatch,
    prometheus::unit_of_name,
};
use parking_lot::Mutex;
use proptest::prelude::*;

use super::*;
use crate::{
    catalog::{label_file, label_set::CURRENT_TIDYINGS},
    database::schema,
    metrics::series_columns,
    write::{append::Appending, cardinality::CardinalityLimiter},
};

const SERIES: usize = 40;

/// A database with its catalog.
struct Bench {
    connection: Connection,
    catalog: SeriesCatalog,
    limiter: Mutex<CardinalityLimiter>,
}

impl Bench {
    fn new(folder: &std::path::Path, max_past: usize) -> Self {
        let connection = Connection::open_in_memory().unwrap();
        schema::migrate(&connection, 0).unwrap();
        let catalog = SeriesCatalog::load(&connection, folder, max_past).unwrap();
        Self { connection, catalog, limiter: Mutex::default() }
    }

    fn write(&self, numbers: &[usize]) {
        let series = numbers.iter().map(|number| series(*number)).map(|one| (one.id(), one)).collect();
        let batch = TelemetryBatch { series, ..TelemetryBatch::default() };
        let mut appending = Appending::new(&self.connection, &self.catalog, &self.limiter, 0);
        appending.append(&[(Arc::new(batch), Arc::from("test"))], &mut 0).unwrap();
        let new = appending.new;
        self.catalog.extend(new.resources, new.series.into_values());
        self.limiter.lock().settle();
    }

    fn delete(&self, of: usize) {
        let delete = format!(
            "DELETE FROM series WHERE id % 5 = {of}; \
             DELETE FROM resources WHERE id NOT IN (SELECT resource_id FROM series)"
        );
        self.connection.execute_batch(&delete).unwrap();
        self.catalog.remove_deleted(&self.connection).unwrap();
        self.recount();
    }

    fn recount(&self) {
        self.catalog.recount(&mut self.limiter.lock());
    }

    fn reload(&mut self, folder: &std::path::Path) {
        self.catalog = SeriesCatalog::load(&self.connection, folder, self.catalog.max_past).unwrap();
        self.recount();
    }

    /// Returns everything that reads see of the catalog.
    fn answers(&self) -> BTreeMap<String, String> {
        let mut answers = BTreeMap::new();
        let matcher = |key: &str, operator, value: &str| TagMatcher {
            key: key.to_owned(),
            operator,
            value: value.to_owned(),
        };
        let matchers = [
            vec![],
            vec![matcher("pod", MatchOperator::Equal, "pod-1"), matcher("n", MatchOperator::Regex, "1.*")],
            vec![matcher("service", MatchOperator::NotEqual, "shop")],
            vec![matcher("service.name", MatchOperator::Regex, ".*unknown.*|shop|")],
            vec![matcher("le", MatchOperator::NotRegex, "0|1"), matcher("x", MatchOperator::Equal, "")],
        ];
        let metrics = ["", "jobs", "work_bucket", "temperature_celsius", "binnacle_component_up", "none"];
        for metric in metrics {
            answers.insert(format!("type {metric}"), format!("{:?}", self.catalog.declared_type(metric)));
            for (position, matchers) in matchers.iter().enumerate() {
                let mut found = self.catalog.select(metric, matchers).unwrap();
                found.sort_unstable_by_key(|series| series.id);
                let columns = series_columns::columns(found.iter()).unwrap();
                let series = found.iter().map(|series| {
                    let labels = series.labels_of(&["service".into(), "n".into(), "pod".into()]).unwrap();
                    (series.labels().unwrap(), labels, series.earlier, self.catalog.earlier_id(series))
                });
                let series: Vec<_> = series.collect();
                answers.insert(format!("select {metric} {position}"), format!("{series:?} {columns:?}"));
            }
        }
        let sorted = |ids: HashSet<u64>| ids.into_iter().collect::<std::collections::BTreeSet<_>>();
        for number in 0..SERIES {
            let resource = series(number).resource.id();
            let attributes = self.catalog.resource_attributes(resource).unwrap();
            answers.insert(format!("resource {resource}"), attributes.to_json());
        }
        let shop = HashSet::from(["shop".to_owned()]);
        let rest = (
            sorted(self.catalog.demonstration()),
            self.catalog.has_demonstration(),
            self.catalog.len(),
            sorted(self.catalog.series_of(&shop)),
            sorted(self.catalog.later_declared()),
        );
        answers.insert("rest".to_owned(), format!("{rest:?} {}", self.limiter.lock().summary()));
        answers
    }

    /// Returns the bytes of labels in memory, and the number of label sets in the file.
    fn moved(&self) -> (usize, usize) {
        let entries = self.catalog.entries.read();
        let series = entries.series.values().map(|series| &series.attributes);
        let sets: Vec<_> = series.chain(entries.resources.values().map(|one| &one.attributes)).collect();
        let in_file = sets.iter().filter(|set| matches!(set, LabelSet::File(_))).count();
        (sets.iter().map(|set| set.memory()).sum(), in_file)
    }
}

fn list() -> AttributeValue {
    AttributeValue::Array(vec![true.into(), false.into()])
}

fn series(number: usize) -> Series {
    let attributes = match number % 5 {
        0 => Attributes::new(),
        1 => Attributes::new().with("service.name", "billing"),
        2 => Attributes::new().with("service.name", "shop").with("pod", format!("pod-{}", number % 4)),
        3 => Attributes::new().with("service.name", "").with("pod", 5).with("list", list()),
        _ => Attributes::new().with("service.name", "shop").with(model::DEMONSTRATION_ATTRIBUTE, true),
    };
    let resource = Arc::new(Resource { attributes });
    let points = Attributes::new().with("n", number as i64 / 8).with("le", (number % 3).to_string());
    let mut series = match number % 8 {
        0 | 4 => Series::gauge("jobs", unit_of_name("jobs"), resource, points),
        1 | 5 => Series::counter("jobs", "", resource, points),
        2 => Series::counter("work_bucket", "", resource, points.with("pod", "pod-1")),
        3 => Series::gauge("temperature", "Cel", resource, points),
        _ => Series::gauge("binnacle_component_up", "", resource, points.with("component", "analysis")),
    };
    series.description = format!("description {}", number % 7);
    series
}

#[derive(Debug, Clone)]
enum Action {
    Write(Vec<usize>),
    Tidy(u32),
    Delete(usize),
    Reload,
    /// A read of the file fails.
    Fail,
    /// The file cannot be created or written to, or can be again.
    Full(bool),
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        4 => prop::collection::vec(0..SERIES, 1..30).prop_map(Action::Write),
        4 => (1..14_u32).prop_map(Action::Tidy),
        1 => (0..5_usize).prop_map(Action::Delete),
        1 => Just(Action::Reload),
        1 => Just(Action::Fail),
        1 => any::<bool>().prop_map(Action::Full),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_catalog_with_a_file_answers_as_one_in_memory(
        actions in prop::collection::vec(action(), 1..12),
        max_past in prop_oneof![Just(0_usize), 1..2_000_usize],
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut moved = Bench::new(folder.path(), max_past);
        let mut held = Bench::new(folder.path(), usize::MAX);
        for action in actions {
            match action {
                Action::Write(numbers) => {
                    moved.write(&numbers);
                    held.write(&numbers);
                }
                Action::Tidy(times) => {
                    (0..times).for_each(|_| moved.catalog.tidy(&moved.connection).unwrap());
                    let has_file = moved.catalog.file.lock().as_ref().is_some_and(|file| !file.has_failed());
                    if times > CURRENT_TIDYINGS + 1 && has_file {
                        prop_assert!(moved.moved().0 <= max_past, "{:?} of {max_past}", moved.moved());
                    }
                }
                Action::Delete(of) => {
                    moved.delete(of);
                    held.delete(of);
                }
                Action::Reload => {
                    moved.reload(folder.path());
                    held.reload(folder.path());
                }
                Action::Fail => {
                    if let Some(file) = moved.catalog.file.lock().as_ref() {
                        file.fail();
                    }
                    moved.catalog.tidy(&moved.connection).unwrap();
                }
                Action::Full(is_full) => {
                    // No file can be created in a file.
                    let path = if is_full { "/proc/version".into() } else { folder.path().to_owned() };
                    moved.catalog.folder = Some(path);
                }
            }
            for ((question, answer), (_, expected)) in moved.answers().iter().zip(&held.answers()) {
                prop_assert_eq!(answer, expected, "{}", question);
            }
            prop_assert_eq!(held.moved().1, 0);
        }
    }
}

#[test]
fn labels_of_past_series_leave_memory_and_come_back_when_written_to() {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::new(folder.path(), 100);
    let all: Vec<usize> = (0..SERIES).collect();
    bench.write(&all);
    (0..=CURRENT_TIDYINGS).for_each(|_| bench.catalog.tidy(&bench.connection).unwrap());
    let (current, in_file) = bench.moved();
    assert!(current > 1_000 && in_file == 0, "all are current: {current} {in_file}");
    bench.catalog.tidy(&bench.connection).unwrap();
    let (memory, in_file) = bench.moved();
    assert!(memory <= 100 && in_file > SERIES / 2, "{memory} {in_file}");
    bench.write(&all);
    bench.catalog.tidy(&bench.connection).unwrap();
    assert_eq!(bench.moved(), (current, 0));
}

#[test]
fn the_file_is_replaced_once_most_of_it_is_unused() {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::new(folder.path(), 0);
    bench.write(&(0..SERIES).collect::<Vec<_>>());
    let answers = bench.answers();
    (0..=CURRENT_TIDYINGS + 1).for_each(|_| bench.catalog.tidy(&bench.connection).unwrap());
    let file = bench.catalog.file.lock().clone().unwrap();
    let large = (&Attributes::new().with("key", "x".repeat(MAX_UNUSED as usize + (1 << 20)))).into();
    drop(file.append(&[&large]).unwrap());
    bench.catalog.tidy(&bench.connection).unwrap();
    let new = bench.catalog.file.lock().clone().unwrap();
    assert!(!Arc::ptr_eq(&file, &new));
    assert_eq!(file.unused_and_used().1, 0);
    assert_eq!(new.unused_and_used().0, 0);
    assert_eq!(bench.answers(), answers);
}

#[test]
fn a_file_that_cannot_be_read_is_an_error_once_and_then_replaced_by_memory() {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::new(folder.path(), 0);
    bench.write(&(0..SERIES).collect::<Vec<_>>());
    let answers = bench.answers();
    *bench.catalog.file.lock() = Some(label_file::tests::unreadable(folder.path()));
    (0..=CURRENT_TIDYINGS + 1).for_each(|_| bench.catalog.tidy(&bench.connection).unwrap());
    assert!(bench.moved().1 > 0);
    let error = bench.catalog.select("jobs", &[]).unwrap()[0].labels().unwrap_err();
    assert!(error.to_string().contains("could not be read"), "{error}");
    bench.catalog.tidy(&bench.connection).unwrap();
    assert_eq!((bench.answers(), bench.moved().1), (answers, 0));
    bench.catalog.tidy(&bench.connection).unwrap();
    assert_eq!(bench.moved().1, 0, "the file is not used again");
}
