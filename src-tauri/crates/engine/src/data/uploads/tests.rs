//! Tests of uploads.

use model::Timestamp;
use runtime::ManualClock;
use store::StoreOptions;
use tempfile::TempDir;

use super::*;

struct Opened {
    uploads: Uploads,
    folder: TempDir,
    time: ManualClock,
}

impl Opened {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let left = folder.path().join("uploads/left-by-an-earlier-run");
        fs::create_dir(left.parent().unwrap()).unwrap();
        fs::write(&left, "samples").unwrap();
        let store = Store::open(folder.path(), StoreOptions::default()).unwrap();
        let time = ManualClock::new(Timestamp(0));
        let uploads =
            Uploads::open(folder.path().join("uploads"), store, time.clock(), Stage::default()).unwrap();
        Self { uploads, folder, time }
    }

    fn files(&self) -> usize {
        fs::read_dir(self.folder.path().join("uploads")).unwrap().count()
    }
}

fn reason<T: std::fmt::Debug>(result: Result<T, EngineError>) -> String {
    result.unwrap_err().to_string()
}

#[tokio::test]
async fn parts_are_joined_in_order_and_the_file_is_deleted() {
    let opened = Opened::new();
    assert_eq!(opened.files(), 0, "what an earlier run left is deleted");
    let uploads = &opened.uploads;
    let Upload { id, .. } = uploads.begin("a.csv".to_owned(), 6).await.unwrap();
    assert_eq!(uploads.append(&id, 0, b"one".to_vec()).await.unwrap().received, 3);
    assert!(reason(uploads.append(&id, 0, b"one".to_vec()).await).contains("next part begins at 3"));
    assert!(reason(uploads.append(&id, 3, b"more".to_vec()).await).contains("more than the announced"));
    assert!(reason(uploads.append(&id, 3, vec![0; MAX_PART_BYTES + 1]).await).contains("at most 1 MiB"));
    assert!(reason(uploads.finish(&id)).contains("3 bytes of a.csv are missing"));
    assert_eq!(uploads.append(&id, 3, b"two".to_vec()).await.unwrap().received, 6);
    let (upload, file) = uploads.finish(&id).unwrap();
    assert_eq!(upload.name, "a.csv");
    assert_eq!(fs::read(file.path()).unwrap(), b"onetwo");
    assert!(reason(uploads.append(&id, 6, Vec::new()).await).contains("ended or expired"));
    drop(file);
    assert_eq!(opened.files(), 0);
}

#[tokio::test]
async fn uploads_are_bounded_cancelled_and_expire() {
    let opened = Opened::new();
    let uploads = &opened.uploads;
    assert!(reason(uploads.begin("a".to_owned(), MAX_BYTES + 1).await).contains("more than 4 GiB"));
    let mut ids = Vec::new();
    for _ in 0..MAX_UPLOADS {
        ids.push(uploads.begin("a".to_owned(), 3).await.unwrap().id);
    }
    assert!(reason(uploads.begin("a".to_owned(), 3).await).contains("not finished"));
    assert!(uploads.cancel(&ids[0]));
    assert!(!uploads.cancel(&ids[0]));
    assert_eq!(opened.files(), MAX_UPLOADS - 1);

    opened.time.wait_for_sleepers(MAX_UPLOADS).await;
    opened.time.advance(IDLE_TIMEOUT / 2);
    uploads.append(&ids[1], 0, b"a".to_vec()).await.unwrap();
    opened.time.advance(IDLE_TIMEOUT / 2);
    while opened.files() > 1 {
        tokio::task::yield_now().await;
    }
    uploads.append(&ids[1], 1, b"b".to_vec()).await.unwrap();
    assert!(reason(uploads.append(&ids[2], 0, b"a".to_vec()).await).contains("expired"));
}
