//! The list of targets: its changes, bad responses and the interval of requests.

use axum::{Router, http::StatusCode, routing::get};
use config::HttpDiscovery;

use super::{Answer, Server, job, list, start, target, until, up, wait_for_message};
use crate::common::{Bench, values, wait_until};

#[tokio::test]
async fn the_list_is_followed_and_bad_responses_leave_its_targets() {
    let server = Server::start().await;
    let (one, two) = (target().await, target().await);
    let mut bench = Bench::new();
    start(&mut bench, job(server.settings()));
    wait_for_message(&bench, "no targets").await;

    server.answers(Answer::List(format!(
        r#"[{{"targets":["{one}"],"labels":{{"room":"lab","rack":7}}}},{{"targets":[]}}]"#
    )));
    let batch = until(&mut bench, &one, |up| up == 1.0).await;
    let (series, value) = values(&batch, "a").remove(0);
    assert_eq!(
        (value, series.attributes.text("room"), series.attributes.text("rack")),
        (1.0, Some("lab"), Some("7"))
    );
    let from = format!("http://{}/targets?token=***", server.address);
    assert_eq!(series.attributes.text("from"), Some(from.as_str()), "without what may be secret");

    for (answer, problem) in [
        (Answer::Status(StatusCode::INTERNAL_SERVER_ERROR), "answered 500"),
        (Answer::Status(StatusCode::NO_CONTENT), "answered 204"),
        (Answer::List("<html>hunter2</html>".into()), "not a list of targets"),
        (Answer::List(r#"{"targets":["hunter2"]}"#.into()), "not a list of targets"),
        (
            Answer::List(r#"[{"targets":["hunter2"],"lables":{"a":"hunter2"}}]"#.into()),
            "not a list of targets",
        ),
        (Answer::List(r#"[{"targets":[["hunter2"]]}]"#.into()), "not a list of targets"),
        (Answer::List(format!("{}{}", "[".repeat(100_000), "]".repeat(100_000))), "not a list of targets"),
        (Answer::BrokenOff, "ended early"),
        (Answer::Endless, "larger than 16 MiB"),
    ] {
        server.answers(answer);
        let message = wait_for_message(&bench, problem).await;
        assert!(!message.contains("hunter2") && !message.contains("t0ken"), "{message}");
        until(&mut bench, &one, |up| up == 1.0).await;
    }

    server.answers(Answer::List(format!(r#"[{{"targets":["{two}","not a target/"]}}]"#)));
    let mut ended = false;
    let mut began = false;
    while !(ended && began) {
        let batch = bench.next_commit().await;
        ended |= up(&batch, &one).is_some_and(f64::is_nan);
        began |= up(&batch, &two) == Some(1.0);
    }
    wait_for_message(&bench, "not a host and port").await;
    assert!(
        values(&bench.next_commit().await, "a")
            .iter()
            .all(|(series, _)| { series.attributes.text("instance") == Some(two.as_str()) })
    );
    bench.stop().await;

    let requests = std::mem::take(&mut server.shared.lock().unwrap().requests);
    assert!(requests.len() > 10, "requests again and again");
    for headers in requests {
        assert_eq!(headers["accept"], "application/json");
        assert_eq!(headers["x-prometheus-refresh-interval-seconds"], "0.25");
        assert!(headers["user-agent"].to_str().unwrap().starts_with("binnacle/"));
        assert!(!headers.contains_key("authorization"));
    }
}

#[tokio::test]
async fn it_is_requested_once_per_interval() {
    let (server, frequent) = (Server::start().await, Server::start().await);
    server.answers(Answer::Status(StatusCode::SERVICE_UNAVAILABLE));
    let mut bench = Bench::new();
    start(&mut bench, job(HttpDiscovery { refresh_interval: "1h".to_owned(), ..server.settings() }));
    wait_for_message(&bench, "answered 503").await;
    start(&mut bench, job(frequent.settings()));
    wait_until("the other list is requested again", async || frequent.requests() > 4).await;
    assert_eq!(server.requests(), 1);
    bench.stop().await;
}

#[tokio::test]
async fn a_server_that_starts_later_is_found() {
    let reserved = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = reserved.local_addr().unwrap();
    drop(reserved);
    let mut bench = Bench::new();
    let server = Server::start().await;
    let one = target().await;
    server.answers(Answer::List(format!(r#"[{{"targets":["{one}"]}}]"#)));
    start(&mut bench, job(HttpDiscovery { url: format!("http://{address}/targets"), ..server.settings() }));
    wait_for_message(&bench, "cannot be reached").await;
    let router = Router::new().route("/targets", get(list)).with_state(server.shared.clone());
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    until(&mut bench, &one, |up| up == 1.0).await;
    bench.stop().await;
}
