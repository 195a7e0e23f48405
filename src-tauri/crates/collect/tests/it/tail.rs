//! Log files followed into a real store, through rotation, truncation and restarts.

use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
};

use crate::common::{Bench, bodies};
use collect::run_tail;
use config::LogFile;
use model::{HealthState, Severity};
use runtime::Clock;
use store::StoreOptions;

fn append(path: &Path, text: &str) {
    let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

fn lines(range: std::ops::Range<u32>) -> String {
    range.map(|number| format!("line {number}\n")).collect()
}

fn names(range: std::ops::Range<u32>) -> Vec<String> {
    range.map(|number| format!("line {number}")).collect()
}

impl Bench {
    fn log(&self) -> PathBuf {
        self.folder.path().join("app.log")
    }

    fn tail_path(&mut self, path: &Path, from_start: bool) {
        let file =
            LogFile { path: path.to_string_lossy().into_owned(), service: "shop".to_owned(), from_start };
        let state = self.folder.path().join("state");
        let (store, reporter, stop) = (self.store.clone(), self.reporter.clone(), self.stop.clone());
        self.run(run_tail(file, store, Clock::system(), state, reporter, stop));
    }

    fn tail(&mut self, from_start: bool) {
        self.tail_path(&self.log(), from_start);
    }

    /// Waits until the first poll.
    async fn first_poll(&self) {
        let state = self.folder.path().join("state");
        self.wait_for_status(|status| state.exists() && status.state == HealthState::Healthy).await;
    }
}

#[tokio::test]
async fn new_lines_are_stored_and_old_ones_only_on_request() {
    let mut bench = Bench::new();
    append(&bench.log(), "old\n");
    bench.tail(false);
    bench.first_poll().await;
    append(&bench.log(), "2026-01-02T03:00:00Z ERROR new ");
    bench.expect_silence().await;
    append(&bench.log(), "line\r\n");
    let logs = bench.next_logs(1).await;
    assert_eq!(bodies(&logs), ["new line"]);
    assert_eq!((logs[0].severity, logs[0].resource.service()), (Severity::ERROR, "shop"));
    assert_eq!(logs[0].time.0, 1_767_322_800_000_000_000);
    assert!(logs[0].attributes.text("log.file.path").unwrap().ends_with("app.log"));
}

#[tokio::test]
async fn nothing_is_lost_or_doubled_over_restarts() {
    let mut bench = Bench::new();
    append(&bench.log(), &lines(0..3));
    bench.tail(true);
    assert_eq!(bodies(&bench.next_logs(3).await), names(0..3));
    bench.stop().await;
    append(&bench.log(), &lines(3..5_000));
    append(&bench.log(), "half");
    bench.tail(true);
    let logs = bench.next_logs(4_997).await;
    assert_eq!(bodies(&logs), names(3..5_000));
    bench.stop().await;
    append(&bench.log(), " and half\n");
    bench.tail(true);
    assert_eq!(bodies(&bench.next_logs(1).await), ["half and half"]);
    bench.expect_silence().await;
}

#[tokio::test]
async fn stopping_and_starting_while_lines_are_written_loses_none() {
    const LINES: u32 = 1_000;
    const BURST: u32 = 50;
    let mut bench = Bench::new();
    let path = bench.log();
    append(&path, "");
    let (write_burst, bursts) = std::sync::mpsc::channel();
    let writer = std::thread::spawn(move || {
        for number in 0..LINES {
            if number % BURST == 0 {
                bursts.recv().unwrap();
            }
            append(&path, &format!("line {number}\n"));
        }
    });
    // The writer has ended after the last burst.
    let write_burst = || write_burst.send(()).unwrap_or_default();
    let (written, mut seen) = (names(0..LINES), Vec::new());
    while seen.len() < written.len() {
        write_burst();
        bench.tail(true);
        let logs = bench.next_logs(1).await;
        write_burst();
        bench.stop().await;
        seen.extend(logs);
        while let Ok(commit) = bench.commits.try_recv() {
            seen.extend(commit.telemetry.iter().flat_map(|batch| batch.logs.clone()));
        }
    }
    writer.join().unwrap();
    assert_eq!(bodies(&seen), written);
}

#[tokio::test]
async fn rotation_by_rename_is_followed_even_while_nothing_runs() {
    let mut bench = Bench::new();
    append(&bench.log(), &lines(0..2));
    bench.tail(true);
    assert_eq!(bodies(&bench.next_logs(2).await), names(0..2));
    let rotated = bench.folder.path().join("app.log.1");
    let mut old = OpenOptions::new().append(true).open(bench.log()).unwrap();
    fs::rename(bench.log(), &rotated).unwrap();
    append(&bench.log(), &lines(3..4));
    old.write_all(lines(2..3).as_bytes()).unwrap();
    let mut got = bench.next_logs(2).await;
    got.sort_by(|left, right| left.body.cmp(&right.body));
    assert_eq!(bodies(&got), names(2..4));
    bench.stop().await;

    append(&bench.log(), &lines(4..5));
    fs::rename(bench.log(), bench.folder.path().join("app.log.2")).unwrap();
    append(&bench.log(), &lines(5..6));
    bench.tail(false);
    assert_eq!(bodies(&bench.next_logs(2).await), names(4..6));
    bench.expect_silence().await;
}

#[tokio::test]
async fn truncation_restarts_at_the_beginning() {
    let mut bench = Bench::new();
    append(&bench.log(), &lines(0..3));
    bench.tail(true);
    assert_eq!(bodies(&bench.next_logs(3).await), names(0..3));
    // Shorter than before, as copytruncate leaves it.
    File::create(bench.log()).unwrap();
    append(&bench.log(), "after\n");
    assert_eq!(bodies(&bench.next_logs(1).await), ["after"]);
    // Longer than before, so that only the content shows the change.
    fs::write(bench.log(), "wholly different and longer\nsecond\n").unwrap();
    assert_eq!(bodies(&bench.next_logs(2).await), ["wholly different and longer", "second"]);
    bench.stop().await;
    fs::write(bench.log(), "again different, written while nothing ran\n").unwrap();
    bench.tail(false);
    assert_eq!(bodies(&bench.next_logs(1).await), ["again different, written while nothing ran"]);
}

#[tokio::test]
async fn a_group_of_files_and_later_files_are_followed() {
    let mut bench = Bench::new();
    let folder = bench.folder.path().join("logs");
    bench.tail_path(&folder.join("web*.log"), false);
    assert_eq!(bench.first_status().await.state, HealthState::Degraded);
    fs::create_dir(&folder).unwrap();
    append(&folder.join("web-1.log"), "one\n");
    append(&folder.join("other.log"), "not this\n");
    append(&folder.join("web-1.log.gz"), "nor this\n");
    assert_eq!(bodies(&bench.next_logs(1).await), ["one"]);
    append(&folder.join("web-2.log"), "two\n\tat stack\n\tat trace\n");
    assert_eq!(bodies(&bench.next_logs(1).await), ["two\n\tat stack\n\tat trace"]);
    fs::remove_file(folder.join("web-1.log")).unwrap();
    append(&folder.join("web-2.log"), "three\n");
    assert_eq!(bodies(&bench.next_logs(1).await), ["three"]);
    assert_eq!(bench.reporter.status().state, HealthState::Healthy);
}

#[tokio::test]
async fn hostile_content_is_bounded() {
    let mut bench = Bench::new();
    let mut content = vec![b'x'; 5 * 1024 * 1024];
    content.extend_from_slice(b"\nbad \xff\xfe bytes\n\0\0\0\n");
    content.extend_from_slice("{\"a\":".repeat(9_000).as_bytes());
    content.extend_from_slice(b"\n{\"msg\":\"fine\",\"level\":\"warn\",\"n\":1}\n");
    fs::write(bench.log(), &content).unwrap();
    bench.tail(true);
    let logs = bench.next_logs(5).await;
    assert!(logs[0].body.len() < 66_000 && logs[0].body.ends_with("[line cut]"));
    assert_eq!(logs[1].body, "bad \u{fffd}\u{fffd} bytes");
    assert_eq!((logs[4].body.as_str(), logs[4].severity), ("fine", Severity::WARN));
}

#[tokio::test]
async fn a_busy_store_delays_but_loses_nothing() {
    let mut bench = Bench::with(StoreOptions {
        queue_records: 2_500,
        memory_limit_bytes: 256 << 20,
        threads: 1,
        ..StoreOptions::default()
    });
    append(&bench.log(), &lines(0..20_000));
    bench.tail(true);
    let mut competition = Vec::new();
    for _ in 0..4 {
        let store = bench.store.clone();
        let stop = bench.stop.clone();
        competition.push(tokio::spawn(async move {
            let resource = std::sync::Arc::new(model::Resource::service_named("noise"));
            while !stop.is_cancelled() {
                let mut batch = model::TelemetryBatch::default();
                for number in 0..1_000 {
                    let series =
                        model::Series::gauge("noise", "1", resource.clone(), model::Attributes::new());
                    batch.add_sample(series, model::Timestamp(number), 1.0);
                }
                let _ = store.write(batch).await;
            }
        }));
    }
    let mut seen = Vec::new();
    while seen.len() < 20_000 {
        match bench.commits.recv().await {
            Ok(commit) => seen.extend(commit.telemetry.iter().flat_map(|batch| batch.logs.clone())),
            Err(lagged) => panic!("{lagged}"),
        }
    }
    bench.stop().await;
    for task in competition {
        task.await.unwrap();
    }
    assert_eq!(bodies(&seen), names(0..20_000));
    assert!(bench.store.admin().statistics().await.unwrap().rejected > 0, "the store was busy at times");
}
