//! Remote write messages, and a listener that receives them.

use std::{
    collections::HashMap,
    net::SocketAddr,
    ops::{Deref, DerefMut},
};

use ingest::serve_remote_write;
use runtime::Clock;
use store::StoreOptions;
use tokio::net::TcpListener;

use crate::receiver;

pub(crate) use test_support::write_request::{
    BucketSpan, Exemplar as FirstExemplar, Histogram as NativeHistogram, Label, MetricMetadata,
    Sample as FirstSample, TimeSeries as FirstSeries, WriteRequest,
};

pub(crate) const V1: &str = "application/x-protobuf";
pub(crate) const V2: &str = "application/x-protobuf;proto=io.prometheus.write.v2.Request";
pub(crate) const STALE_BITS: u64 = 0x7ff0_0000_0000_0002;

/// A listener for remote write on a store.
pub(crate) struct Receiver {
    inner: receiver::Receiver,
    address: SocketAddr,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        Self::start_with(StoreOptions::default()).await
    }

    pub(crate) async fn start_with(options: StoreOptions) -> Self {
        let inner = receiver::Receiver::start_with(options).await;
        let mut receiver = Self { inner, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
        receiver.serve_again().await;
        receiver
    }

    /// Starts another receiver on the same store, which gets the following requests.
    pub(crate) async fn serve_again(&mut self) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        self.address = listener.local_addr().unwrap();
        let (store, counters, budget, stop) = (
            self.inner.store.clone(),
            self.inner.counters.clone(),
            self.inner.budget.clone(),
            self.inner.stop.clone(),
        );
        self.inner.servers.push(tokio::spawn(serve_remote_write(
            listener,
            store,
            Clock::system(),
            counters,
            budget,
            stop,
        )));
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) async fn send(&self, content_type: &str, message: Vec<u8>) -> reqwest::Response {
        self.send_to("/api/v1/write", content_type, message).await
    }

    pub(crate) async fn send_to(
        &self,
        path: &str,
        content_type: &str,
        message: Vec<u8>,
    ) -> reqwest::Response {
        let client = tls::http_client();
        let request = client.post(self.url(path)).header("content-type", content_type);
        let request = request.header("content-encoding", "snappy").body(compress(&message));
        receiver::within("an answer", request.send()).await.unwrap()
    }

    pub(crate) async fn send_with(&self, headers: &[(&str, &str)], body: Vec<u8>) -> reqwest::Response {
        let client = tls::http_client();
        let request =
            headers.iter().fold(client.post(self.url("/api/v1/write")), |request, (name, value)| {
                request.header(*name, *value)
            });
        receiver::within("an answer", request.body(body).send()).await.unwrap()
    }
}

impl Deref for Receiver {
    type Target = receiver::Receiver;

    fn deref(&self) -> &receiver::Receiver {
        &self.inner
    }
}

impl DerefMut for Receiver {
    fn deref_mut(&mut self) -> &mut receiver::Receiver {
        &mut self.inner
    }
}

pub(crate) fn compress(message: &[u8]) -> Vec<u8> {
    snap::raw::Encoder::new().compress_vec(message).unwrap()
}

/// Returns the numbers of written samples, histograms and exemplars in an answer.
pub(crate) fn written(response: &reqwest::Response) -> [u64; 3] {
    ["samples", "histograms", "exemplars"].map(|kind| {
        response.headers()[format!("x-prometheus-remote-write-{kind}-written")]
            .to_str()
            .unwrap()
            .parse()
            .unwrap()
    })
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct SecondRequest {
    #[prost(string, repeated, tag = "4")]
    pub(crate) symbols: Vec<String>,
    #[prost(message, repeated, tag = "5")]
    pub(crate) timeseries: Vec<SecondSeries>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct SecondSeries {
    #[prost(uint32, repeated, tag = "1")]
    pub(crate) labels_refs: Vec<u32>,
    #[prost(message, repeated, tag = "2")]
    pub(crate) samples: Vec<SecondSample>,
    #[prost(message, repeated, tag = "3")]
    pub(crate) histograms: Vec<NativeHistogram>,
    #[prost(message, repeated, tag = "4")]
    pub(crate) exemplars: Vec<SecondExemplar>,
    #[prost(message, optional, tag = "5")]
    pub(crate) metadata: Option<SecondMetadata>,
    #[prost(int64, tag = "6")]
    pub(crate) created_timestamp: i64,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct SecondSample {
    #[prost(double, tag = "1")]
    pub(crate) value: f64,
    #[prost(int64, tag = "2")]
    pub(crate) timestamp: i64,
    #[prost(int64, tag = "3")]
    pub(crate) start_timestamp: i64,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct SecondExemplar {
    #[prost(uint32, repeated, tag = "1")]
    pub(crate) labels_refs: Vec<u32>,
    #[prost(double, tag = "2")]
    pub(crate) value: f64,
    #[prost(int64, tag = "3")]
    pub(crate) timestamp: i64,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct SecondMetadata {
    #[prost(int32, tag = "1")]
    pub(crate) kind: i32,
    #[prost(uint32, tag = "3")]
    pub(crate) help_ref: u32,
    #[prost(uint32, tag = "4")]
    pub(crate) unit_ref: u32,
}

/// The symbols of a 2.0 request.
#[derive(Default)]
pub(crate) struct Symbols(HashMap<String, u32>);

impl Symbols {
    pub(crate) fn add(&mut self, text: &str) -> u32 {
        self.0.entry(String::new()).or_insert(0);
        let next = self.0.len() as u32;
        *self.0.entry(text.to_owned()).or_insert(next)
    }

    pub(crate) fn labels(&mut self, pairs: &[(&str, &str)]) -> Vec<u32> {
        pairs.iter().flat_map(|(name, value)| [self.add(name), self.add(value)]).collect()
    }

    pub(crate) fn texts(self) -> Vec<String> {
        let mut texts: Vec<_> = self.0.into_iter().collect();
        texts.sort_by_key(|(_, index)| *index);
        texts.into_iter().map(|(text, _)| text).collect()
    }
}

/// Returns a 1.0 series.
pub(crate) fn first(labels: &[(&str, &str)], samples: &[(i64, f64)]) -> FirstSeries {
    FirstSeries {
        labels: labels.iter().map(|(name, value)| Label::new(name, value)).collect(),
        samples: samples
            .iter()
            .map(|(timestamp, value)| FirstSample { value: *value, timestamp: *timestamp })
            .collect(),
        ..FirstSeries::default()
    }
}
