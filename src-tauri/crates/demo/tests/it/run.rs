//! The shop sends to a real receiver.

use std::{sync::Arc, time::Duration};

use demo::Options;
use ingest::IntakeCounters;
use runtime::Clock;
use store::{Store, StoreOptions};
use test_support::wait::wait_until;
use tokio_util::sync::CancellationToken;

fn options(endpoint: String, realtime: bool) -> Options {
    Options { endpoint, history: Duration::from_secs(600), realtime, seed: 5 }
}

#[tokio::test(flavor = "multi_thread")]
async fn sends_the_past_and_goes_on_until_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), StoreOptions::default()).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let stop = CancellationToken::new();
    let counters = Arc::new(IntakeCounters::default());
    let server = tokio::spawn(ingest::serve_otlp_grpc(
        listener,
        store.clone(),
        Clock::system(),
        counters.clone(),
        ingest::IntakeBudget::default(),
        stop.clone(),
    ));

    demo::run(options(endpoint.clone(), false), Clock::system(), CancellationToken::new()).await.unwrap();
    let (past, refused, _) = counters.snapshot();
    assert_eq!((refused, counters.rejected_records(), counters.trimmed_attributes()), (0, 0, 0));
    // Nights are quiet in the shop.
    assert!(past.spans > 1000 && past.logs > 200 && past.samples > 1000, "{past:?}");
    let kept = store.admin().statistics().await.unwrap();
    assert_eq!((kept.samples, kept.logs, kept.spans), (past.samples, past.logs, past.spans));

    let closing = CancellationToken::new();
    let shop = tokio::spawn(demo::run(options(endpoint, true), Clock::system(), closing.clone()));
    // The second shop has sent its past as well when it has sent more than the first.
    wait_until("the second shop goes on", async || Ok(counters.snapshot().0.spans > past.spans * 2))
        .await
        .unwrap();
    closing.cancel();
    shop.await.unwrap().unwrap();
    stop.cancel();
    server.await.unwrap().unwrap();
}

#[tokio::test]
async fn gives_up_where_nothing_listens_and_refuses_nonsense() {
    let bound = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", bound.local_addr().unwrap());
    drop(bound);
    let error = demo::run(options(endpoint.clone(), false), Clock::system(), CancellationToken::new())
        .await
        .unwrap_err();
    assert!(error.to_string().starts_with(&endpoint), "{error}");
    assert!(
        demo::run(options("not an address".to_owned(), false), Clock::system(), CancellationToken::new())
            .await
            .is_err()
    );
}
