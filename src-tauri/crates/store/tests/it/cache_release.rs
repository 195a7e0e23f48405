//! The release of the database's cache from memory.

use crate::fixtures::*;
use model::*;

/// Bytes of the text of a record.
const TEXT: usize = 8 << 10;

/// Returns 1,024 records with texts that hardly compress.
fn large_texts(seed: u64) -> TelemetryBatch {
    let mut state = seed | 1;
    let mut word = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        format!("{state:016x}")
    };
    let record = |n| {
        let text: String = std::iter::repeat_with(&mut word).take(TEXT / 16).collect();
        log("shop", Timestamp(NOW.0 + n), &text, Attributes::new())
    };
    logs((0..1024).map(record).collect())
}

#[tokio::test]
async fn a_release_fails_neither_commits_nor_reads() {
    let (_folder, store) = open();
    for seed in 1..=6 {
        store.write(large_texts(seed)).await.unwrap();
    }
    store.admin().checkpoint().await.unwrap();
    for seed in 7..=9 {
        let everything = Filter::everything();
        let admin = store.admin();
        let (found, written, released) = tokio::join!(
            async { store.logs().search(&everything, around(), 100, None).await },
            store.write(large_texts(seed)),
            async {
                for _ in 0..20 {
                    admin.release_cache().await?;
                    tokio::task::yield_now().await;
                }
                Ok::<_, store::StoreError>(())
            },
        );
        assert_eq!(found.unwrap().0.len(), 100);
        written.unwrap();
        released.unwrap();
    }
}
