//! Data folders with damage: what was not hit is there afterwards, and what is lost is reported.

mod any_byte;
mod folder;

use std::fs;

use self::folder::{DATABASE, Folder, LOG};
use crate::fixtures::*;
use model::*;
use store::{Store, StoreError};

/// Lengths of the headers and of a block of the database.
const HEADERS: usize = 3 * 4096;
const BLOCK: usize = 65_536;

/// Overwrites bytes of a file with noise that no checksum can correct.
fn scramble(path: &std::path::Path, positions: std::ops::Range<usize>) {
    let mut bytes = fs::read(path).unwrap();
    bytes[positions].iter_mut().for_each(|byte| *byte ^= 0xa5);
    fs::write(path, bytes).unwrap();
}

/// Returns the position of bytes in a file.
fn find(path: &std::path::Path, text: &[u8]) -> usize {
    let bytes = fs::read(path).unwrap();
    bytes.windows(text.len()).position(|window| window == text).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_block_costs_the_rows_in_it_and_no_other_table() {
    let whole = Folder::original().await;
    let (mut tables, mut position) = (Vec::new(), HEADERS);
    while position < fs::metadata(Folder::copy().await.path(DATABASE)).unwrap().len() as usize {
        let folder = Folder::copy().await;
        scramble(&folder.path(DATABASE), position + 100..position + 160);
        position += BLOCK;
        let report = Store::repair(folder.folder(), &small()).unwrap();
        let lost: Vec<&str> = report
            .steps
            .iter()
            .filter(|step| step.lost.is_some())
            .map(|step| step.subject.as_str())
            .collect();
        assert!(lost.iter().all(|subject| subject.starts_with("table ")), "{report:?}");
        let left = folder.read().await;
        left.assert_is_part_of(whole);
        assert_eq!(left.definitions, whole.definitions, "{report:?}");
        for metric in ["temperature", "requests_total"] {
            assert!(left.points[metric] == whole.points[metric], "{metric}: {report:?}");
        }
        assert!(lost.contains(&"table logs") || left.logs == whole.logs, "{report:?}");
        assert!(lost.contains(&"table spans") || left.spans == whole.spans, "{report:?}");
        assert!(!lost.is_empty() || left == *whole, "{report:?}");
        let again = Store::repair(folder.folder(), &small()).unwrap();
        assert!(again.steps.is_empty(), "nothing is left to do: {again:?}");
        tables.extend(lost.into_iter().map(str::to_owned));
    }
    assert!(tables.iter().any(|table| table == "table logs"), "{tables:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_to_one_record_of_the_log_costs_no_other() {
    let (whole, folder) = (Folder::original().await, Folder::copy().await);
    // The service is in the resource and then in the record.
    let bytes = fs::read(folder.path(LOG)).unwrap();
    let at = bytes.windows(6).rposition(|window| window == b"log-20").unwrap();
    scramble(&folder.path(LOG), at..at + 6);
    let report = Store::repair(folder.folder(), &small()).unwrap();
    assert!(report.has_loss(), "{report:?}");
    let left = folder.read().await;
    let mut expected = whole.logs.clone();
    expected.remove("log-20");
    assert_eq!(left.logs, expected);
    assert_eq!(left.differences(whole), ["logs"]);
    assert_eq!(Store::repair(folder.folder(), &small()).unwrap().steps, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_to_many_entries_of_the_log_costs_what_follows_it() {
    let folder = Folder::copy().await;
    let at = find(&folder.path(LOG), b"log-20");
    scramble(&folder.path(LOG), at..at + 600);
    let damaged = fs::read(folder.path(LOG)).unwrap();
    let refused = Store::open(folder.folder(), small());
    assert!(matches!(&refused, Err(StoreError::Damaged { .. })), "{refused:?}");
    assert!(fs::read(folder.path(LOG)).unwrap() == damaged, "the log was changed");
    let report = Store::repair(folder.folder(), &small()).unwrap();
    assert!(report.has_loss(), "{report:?}");
    let (whole, left) = (Folder::original().await, folder.read().await);
    left.assert_is_part_of(whole);
    assert!(whole.database_services().all(|name| left.logs.get(name) == whole.logs.get(name)), "{report:?}");
    let kept = whole.log_services().filter(|name| left.logs.contains_key(*name)).count();
    assert!(kept > 0 && kept < whole.log_services().count(), "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_length_in_the_log_is_no_end_of_the_log() {
    let folder = Folder::copy().await;
    // The first entry follows the header, which ends with this field and two bytes.
    let at = find(&folder.path(LOG), &[103, 0]);
    let bytes = fs::read(folder.path(LOG)).unwrap();
    let end = bytes[at..].windows(2).position(|two| two == [0xff, 0xff]).unwrap() + at + 2;
    let mut damaged = bytes.clone();
    damaged[end + 3] = 0x7f;
    fs::write(folder.path(LOG), &damaged).unwrap();
    assert!(matches!(Store::open(folder.folder(), small()), Err(StoreError::Damaged { .. })));
    let report = Store::repair(folder.folder(), &small()).unwrap();
    assert!(!report.has_loss(), "{report:?}");
    assert_eq!(folder.read().await.differences(Folder::original().await), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_emptied_and_replaced_files_are_declared() {
    let whole = Folder::original().await;
    let other = tempfile::tempdir().unwrap();
    Store::open(other.path(), small()).unwrap().close().await.unwrap();
    for (name, title) in [
        ("missing database", "The database was missing"),
        ("empty database", "The database was empty"),
        ("other database", "The database was replaced by another one"),
        ("missing log", "The log of the database was missing"),
        ("empty log", "The log of the database was empty"),
        ("cut log", "The log of the database was cut"),
    ] {
        let folder = Folder::copy().await;
        let path = folder.path(if name.ends_with("log") { LOG } else { DATABASE });
        let bytes = fs::read(&path).unwrap();
        match name.split_once(' ').unwrap().0 {
            "missing" => fs::remove_file(&path).unwrap(),
            "empty" => fs::write(&path, b"").unwrap(),
            "cut" => fs::write(&path, &bytes[..bytes.len() * 2 / 3]).unwrap(),
            _ => {
                fs::remove_file(folder.path(LOG)).unwrap();
                fs::copy(other.path().join(DATABASE), &path).map(drop).unwrap();
            }
        }
        for _ in 0..2 {
            // It is declared until a repair has reported it.
            let store = Store::open(folder.folder(), small()).unwrap();
            let notices = store.admin().data_notices();
            assert_eq!(notices.len(), 1, "{name}: {notices:?}");
            assert_eq!(notices[0].title, title, "{name}");
            store.close().await.unwrap();
        }
        let left = folder.read().await;
        if name != "other database" {
            left.assert_is_part_of(whole);
            assert_eq!(left.definitions, whole.definitions, "{name}");
        }
        let report = Store::repair(folder.folder(), &small()).unwrap();
        assert!(report.steps.iter().any(|step| step.action == title), "{name}: {report:?}");
        let store = Store::open(folder.folder(), small()).unwrap();
        assert_eq!(store.admin().data_notices(), [], "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_used_folder_is_declared_whole() {
    let folder = Folder::copy().await;
    for _ in 0..3 {
        let store = Store::open(folder.folder(), small()).unwrap();
        store.write(logs(vec![log("later", NOW, "more", Attributes::new())])).await.unwrap();
        assert_eq!(store.admin().data_notices(), []);
        // Once without a checkpoint at its end.
        store.close().await.unwrap();
    }
    assert_eq!(Store::repair(folder.folder(), &small()).unwrap().steps, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_disappears_stops_intake_until_it_is_back() {
    let parent = tempfile::tempdir().unwrap();
    let (data, aside) = (parent.path().join("data"), parent.path().join("aside"));
    let store = Store::open(&data, small()).unwrap();
    let batch = |body: &str| logs(vec![log("shop", NOW, body, Attributes::new())]);
    store.write(batch("before")).await.unwrap();
    fs::rename(&data, &aside).unwrap();
    let refused = store.write(batch("meanwhile")).await.unwrap_err();
    assert!(matches!(refused, StoreError::Gone { .. }), "{refused:?}");
    assert!(refused.retry_after().is_some());
    assert!(store.admin().folder_fault().await.is_some());
    fs::rename(&aside, &data).unwrap();
    store.write(batch("after")).await.unwrap();
    assert_eq!(store.admin().folder_fault().await, None);

    // Another folder in its place is left alone, at the end of the store too.
    fs::rename(&data, &aside).unwrap();
    let other = Store::open(&data, small()).unwrap();
    other.write(batch("of the other")).await.unwrap();
    assert!(matches!(store.write(batch("lost")).await, Err(StoreError::Gone { .. })));
    let _ = store.close().await;
    assert!(data.join(LOG).exists(), "the log of the other store was deleted");
    assert_eq!(bodies(&other, &Filter::everything()).await, ["of the other"]);
    other.close().await.unwrap();
    let first = Store::open(&aside, small()).unwrap();
    let mut found = bodies(&first, &Filter::everything()).await;
    found.sort();
    assert_eq!(found, ["after", "before"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quarantined_file_is_not_overwritten() {
    let folder = Folder::copy().await;
    let store = Store::open(folder.folder(), small()).unwrap();
    let path = store.admin().segments()[0].path.clone();
    let name = path.file_name().unwrap().to_str().unwrap().to_owned();
    let earlier = folder.folder().join("quarantine").join(&name);
    fs::create_dir_all(earlier.parent().unwrap()).unwrap();
    fs::write(&earlier, b"quarantined before").unwrap();
    fs::write(&path, b"damaged").unwrap();
    let verdict = store.admin().repair_target(&name).await.unwrap();
    assert_eq!(fs::read(&earlier).unwrap(), b"quarantined before");
    assert_eq!(fs::read(verdict.moved_to.unwrap()).unwrap(), b"damaged");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_closes_while_a_snapshot_is_open_after_deletions() {
    let (folder, store) = open();
    let records = (0..5000).map(|n| log("shop", at(n % 3000), &format!("{n}"), Attributes::new()));
    store.write(logs(records.collect())).await.unwrap();
    store.admin().checkpoint().await.unwrap();
    let snapshot = store.snapshot(around()).await.unwrap();
    assert!(!snapshot.logs().search(&Filter::everything(), around(), 10, None).await.unwrap().0.is_empty());
    store.history().heartbeat(NOW).await.unwrap();
    store.history().heartbeat(at(10)).await.unwrap();
    store.history().heartbeat(at(20)).await.unwrap();
    store.close().await.unwrap();
    drop(snapshot);
    let again = Store::open(folder.path(), small()).unwrap();
    assert_eq!(again.admin().statistics().await.unwrap().logs, 5000);
}
