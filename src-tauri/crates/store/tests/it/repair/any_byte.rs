//! One byte of any file of a data folder is changed or removed, or the file is cut there. A start
//! or a repair succeeds, what was not hit is there, and what is lost is listed.
//!
//! `BINNACLE_REPAIR_RUNS` sets the number of runs, `BINNACLE_REPAIR_SEED` the first seed.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    BLOCK, HEADERS,
    folder::{DATABASE, Folder, LOG, Stored},
};
use crate::fixtures::small;
use rand::{Rng, SeedableRng, rngs::StdRng};
use store::{Store, StoreError};
use tokio::{sync::Semaphore, task::JoinSet};

/// Runs of a test run.
const RUNS: u64 = 200;
/// Runs at a time.
const PARALLEL: usize = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Changed(u8),
    Removed,
    Cut,
}

/// A damage to a file.
#[derive(Debug, Clone)]
struct Damage {
    /// The path in the folder.
    file: PathBuf,
    position: usize,
    kind: Kind,
}

impl Damage {
    fn of(seed: u64, files: &[(PathBuf, usize)]) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        // The database and its log are hit in half of the runs.
        let named = |name: &str| files.iter().find(|(path, _)| path == Path::new(name)).unwrap();
        let (file, length) = match random.random_range(0..20) {
            0..7 => named(DATABASE),
            7..10 => named(LOG),
            _ => &files[random.random_range(0..files.len())],
        };
        // The ends of a file are hit more often than by chance.
        let position = match random.random_range(0..10) {
            0 => random.random_range(0..(*length).min(64)),
            1 => length - random.random_range(1..=(*length).min(64)),
            _ => random.random_range(0..*length),
        };
        let kind = match random.random_range(0..3) {
            0 => Kind::Changed(random.random_range(1..=u8::MAX)),
            1 => Kind::Removed,
            _ => Kind::Cut,
        };
        Self { file: file.clone(), position, kind }
    }

    fn apply(&self, folder: &Path) {
        let path = folder.join(&self.file);
        let mut bytes = fs::read(&path).unwrap();
        match self.kind {
            Kind::Changed(by) => bytes[self.position] ^= by,
            Kind::Removed => drop(bytes.remove(self.position)),
            Kind::Cut => bytes.truncate(self.position),
        }
        fs::write(&path, bytes).unwrap();
    }
}

/// Returns the files of a folder with content, by path in it, with their lengths.
fn files(folder: &Path) -> Vec<(PathBuf, usize)> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap().map(Result::unwrap) {
            let length = entry.metadata().unwrap().len() as usize;
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else if length > 0 {
                found.insert(entry.path().strip_prefix(folder).unwrap().to_owned(), length);
            }
        }
    }
    found.into_iter().collect()
}

/// Repairs a folder as `binnacle-cli data repair` does. Returns what is listed as lost.
async fn repair(folder: &Folder) -> Vec<String> {
    let report = Store::repair(folder.folder(), &small()).unwrap();
    let lost = |lost: &str, subject: &str, action: &str| format!("{subject}: {lost} ({action})");
    let mut listed: Vec<String> = report
        .steps
        .iter()
        .filter_map(|step| Some(lost(step.lost.as_ref()?, &step.subject, &step.action)))
        .collect();
    let store = Store::open(folder.folder(), small()).unwrap();
    let segments = store.admin().integrity_targets().await.unwrap().into_iter();
    for target in segments.filter(|target| !target.name.starts_with("table ")) {
        let result = store.admin().repair_target(&target.name).await.unwrap();
        if let Some(points) = result.lost_points.filter(|points| *points > 0) {
            listed.push(lost(&format!("{points} points"), &target.name, ""));
        }
    }
    assert_eq!(store.admin().verify(|_, _| ()).await.unwrap(), []);
    store.close().await.unwrap();
    listed
}

/// The tables with rows in each block of the database.
struct Owners(BTreeMap<usize, BTreeSet<String>>);

impl Owners {
    /// Reads them from a copy of the database without its log.
    fn read(folder: &Path) -> Self {
        let copy = tempfile::tempdir().unwrap();
        let path = copy.path().join(DATABASE);
        fs::copy(folder.join(DATABASE), &path).unwrap();
        let database = duckdb::Connection::open(path).unwrap();
        let list = |sql: &str| -> Vec<(String, i64)> {
            let mut statement = database.prepare(sql).unwrap();
            statement
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
                .unwrap()
                .map(Result::unwrap)
                .collect()
        };
        let mut owners: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
        for (table, _) in list("SELECT table_name, 0 FROM duckdb_tables() WHERE NOT internal") {
            let blocks = list(&format!(
                "SELECT '', unnest(list_append(additional_block_ids, block_id)) FROM pragma_storage_info('{table}')"
            ));
            for (_, block) in blocks.into_iter().filter(|(_, block)| *block >= 0) {
                owners.entry(block as usize).or_default().insert(table.clone());
            }
        }
        Self(owners)
    }

    /// Returns the tables with rows in blocks from a position of the file on, or around it.
    fn hit(&self, damage: &Damage) -> BTreeSet<String> {
        let Some(position) = damage.position.checked_sub(HEADERS) else {
            // Headers have a copy. A cut leaves nothing else.
            let cut = self.0.values().filter(|_| damage.kind == Kind::Cut);
            return cut.flatten().cloned().collect();
        };
        let block = position / BLOCK;
        let end = if damage.kind == Kind::Cut { usize::MAX } else { block + 1 };
        self.0.range(block..end).flat_map(|(_, tables)| tables).cloned().collect()
    }
}

/// Returns the kinds of what is stored whose rows are in a table.
fn kind_of(table: &str) -> &'static str {
    match table {
        "logs" => "logs",
        "spans" => "spans",
        "check_results" | "gaps" | "incidents" => "history",
        _ => "points",
    }
}

fn check(damage: &Damage, listed: &[String], left: &Stored, owners: &Owners, whole: &Stored) {
    left.assert_is_part_of(whole);
    let differences: BTreeSet<&str> = left.differences(whole).into_iter().collect();
    assert!(
        differences.is_empty() || !listed.is_empty(),
        "{differences:?} differ, nothing is listed as lost"
    );
    assert!(!differences.contains("definitions"), "{listed:?}");
    let missing = |left: &BTreeMap<String, u64>, whole: &BTreeMap<String, u64>| {
        whole.iter().map(|(name, count)| count - left.get(name).copied().unwrap_or_default()).sum::<u64>()
    };
    let name = damage.file.to_str().unwrap();
    let may_differ: BTreeSet<&str> = match damage.kind {
        _ if name == DATABASE => owners.hit(damage).iter().map(|table| kind_of(table)).collect(),
        Kind::Cut if name == LOG => BTreeSet::from(["logs", "spans", "points"]),
        _ if name == LOG => {
            // One entry of one commit.
            assert!(differences.len() <= 1, "{differences:?}: {listed:?}");
            assert!(missing(&left.logs, &whole.logs) <= 1, "{listed:?}");
            BTreeSet::from(["logs", "spans", "points"])
        }
        Kind::Cut if name.starts_with("segments") => BTreeSet::from(["points"]),
        _ => BTreeSet::new(),
    };
    assert!(differences.is_subset(&may_differ), "{differences:?} differ, at most {may_differ:?}: {listed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn any_byte_of_any_file_costs_only_what_it_hit() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let runs = number("BINNACLE_REPAIR_RUNS").unwrap_or(RUNS);
    let first = number("BINNACLE_REPAIR_SEED").unwrap_or(1);
    let whole = Folder::original().await;
    let original = Folder::copy().await;
    let owners = Arc::new(Owners::read(original.folder()));
    let files = Arc::new(files(original.folder()));
    let slots = Arc::new(Semaphore::new(PARALLEL));
    let mut tasks = JoinSet::new();
    for seed in first..first + runs {
        let slot = Arc::clone(&slots).acquire_owned().await.unwrap();
        let (owners, files) = (Arc::clone(&owners), Arc::clone(&files));
        let folder = Folder::copy().await;
        tasks.spawn(async move {
            let damage = Damage::of(seed, &files);
            damage.apply(folder.folder());
            let run = tokio::spawn({
                let damage = damage.clone();
                async move {
                    match Store::open(folder.folder(), small()) {
                        // A checkpoint fails on damage that it reads.
                        Ok(store) => drop(store.close().await),
                        Err(error) => assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}"),
                    }
                    let listed = repair(&folder).await;
                    let left = folder.read().await;
                    check(&damage, &listed, &left, &owners, whole);
                    !listed.is_empty()
                }
            });
            let outcome = run.await;
            drop(slot);
            outcome.map_err(|error| format!("seed {seed}, {damage:?}: {}", panic_text(error)))
        });
    }
    let (mut lossy, mut failures) = (0, Vec::new());
    while let Some(outcome) = tasks.join_next().await {
        match outcome.unwrap() {
            Ok(is_lossy) => lossy += u64::from(is_lossy),
            Err(failure) => failures.push(failure),
        }
    }
    println!("{runs} runs, {lossy} with a loss");
    assert!(failures.is_empty(), "{} of {runs} failed:\n{}", failures.len(), failures.join("\n"));
}

fn panic_text(error: tokio::task::JoinError) -> String {
    let panic = error.into_panic();
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}
