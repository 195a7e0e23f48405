//! Requests that a sender repeats, and compressed ones.

use std::io::Write;

use flate2::{Compression, write::ZlibEncoder};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use prost::Message;

use crate::{
    http::{PROTOBUF, post},
    receiver::{Receiver, gzip, log, logs, span, traces},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_sent_again_is_stored_once() {
    let receiver = Receiver::start().await;
    let spans = traces(vec![span(1), span(2)]).encode_to_vec();
    let records = logs(vec![log("one"), log("one")]).encode_to_vec();
    for _ in 0..3 {
        assert_eq!(post(&receiver, "/v1/traces", PROTOBUF, "", spans.clone()).await.status(), 200);
        assert_eq!(post(&receiver, "/v1/logs", PROTOBUF, "", records.clone()).await.status(), 200);
        // The compression of the second attempt may differ.
        assert_eq!(post(&receiver, "/v1/logs", PROTOBUF, "gzip", gzip(&records)).await.status(), 200);
    }
    let statistics = receiver.store.admin().statistics().await.unwrap();
    assert_eq!((statistics.spans, statistics.logs), (2, 2));
    let (counts, rejected, _) = receiver.counters.snapshot();
    assert_eq!((counts.spans, counts.logs, rejected), (2, 2, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_records_without_a_time_are_different_events() {
    let receiver = Receiver::start().await;
    let undated = LogRecord { time_unix_nano: 0, ..log("tick") };
    let body = logs(vec![undated]).encode_to_vec();
    for _ in 0..3 {
        assert_eq!(post(&receiver, "/v1/logs", PROTOBUF, "", body.clone()).await.status(), 200);
    }
    assert_eq!(receiver.store.admin().statistics().await.unwrap().logs, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn deflate_and_zstd_are_decompressed() {
    let receiver = Receiver::start().await;
    let body = |text: &str| logs(vec![log(text)]).encode_to_vec();
    let mut deflate = ZlibEncoder::new(Vec::new(), Compression::fast());
    deflate.write_all(&body("deflate")).unwrap();
    let zstd = zstd::encode_all(&*body("zstd"), 3).unwrap();
    for (encoding, body) in [("deflate", deflate.finish().unwrap()), ("zstd", zstd)] {
        assert_eq!(post(&receiver, "/v1/logs", PROTOBUF, encoding, body).await.status(), 200, "{encoding}");
    }
    assert_eq!(receiver.store.admin().statistics().await.unwrap().logs, 2);
    let refused = post(&receiver, "/v1/logs", PROTOBUF, "br", body("br")).await;
    assert_eq!(refused.status(), 415);
    assert!(refused.text().await.unwrap().contains("send gzip, deflate, zstd or none"));
}
