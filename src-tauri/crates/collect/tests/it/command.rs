//! Commands that print metrics, well-behaved and not.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};

use crate::common::{Bench, value, values, wait_until};
use collect::run_command;
use model::{TelemetryBatch, is_stale};
use runtime::Clock;

fn script(bench: &Bench, text: &str) -> PathBuf {
    let path = bench.folder.path().join("script");
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn settings(program: PathBuf, arguments: &[&str]) -> config::Command {
    let mut run = vec![program.display().to_string()];
    run.extend(arguments.iter().map(|argument| (*argument).to_owned()));
    config::Command {
        name: "backup".into(),
        run,
        interval_seconds: 1,
        timeout_seconds: 20,
        labels: [("room".to_owned(), "lab".to_owned())].into(),
    }
}

async fn first_run(bench: &mut Bench, settings: config::Command) -> (TelemetryBatch, String) {
    let (store, reporter, stop) = (bench.store.clone(), bench.reporter.clone(), bench.stop.clone());
    bench.run(run_command(settings, store, Clock::system(), reporter, stop));
    let batch = bench.next_commit().await;
    (batch, bench.first_status().await.message)
}

#[tokio::test]
async fn output_is_stored_and_no_shell_reads_the_arguments() {
    let mut bench = Bench::new();
    let program = script(&bench, "echo '# TYPE n gauge'; echo \"n{arg=\\\"$1\\\"} $#\"");
    let (batch, message) = first_run(&mut bench, settings(program, &["$(reboot); *", "b"])).await;
    assert_eq!(message, "");
    let (series, number) = values(&batch, "n").remove(0);
    assert_eq!((number, value(&batch, "up"), value(&batch, "scrape_samples_scraped")), (2.0, 1.0, 1.0));
    for (label, expected) in [("arg", "$(reboot); *"), ("job", "backup"), ("room", "lab")] {
        assert_eq!(series.attributes.text(label), Some(expected));
    }
    bench.stop().await;
    loop {
        let batch = bench.next_commit().await;
        if is_stale(value(&batch, "up")) {
            assert!(is_stale(value(&batch, "n")));
            break;
        }
    }
}

#[tokio::test]
async fn every_failure_is_reported() {
    for (text, expected) in [
        ("echo 'a 1'; echo; echo 'disk is gone' >&2; echo more >&2; exit 3", "exit code 3: disk is gone"),
        ("exit 1", "failed with exit code 1"),
        ("kill -9 $$", "signal"),
        ("echo '<html>'", "line 1"),
        ("head -c 20000000 /dev/zero", "more than 16 MiB"),
    ] {
        let mut bench = Bench::new();
        let program = script(&bench, text);
        let (batch, message) = first_run(&mut bench, settings(program, &[])).await;
        assert_eq!(value(&batch, "up"), 0.0, "{text}");
        assert!(message.contains(expected), "{text}: {message}");
        bench.stop().await;
    }
    let mut bench = Bench::new();
    let (batch, message) = first_run(&mut bench, settings("/nowhere/at/all".into(), &[])).await;
    assert!(value(&batch, "up") == 0.0 && message.contains("cannot be started"), "{message}");
    bench.stop().await;
}

#[tokio::test]
async fn a_run_that_takes_too_long_is_killed_with_its_children() {
    let mut bench = Bench::new();
    let pids = bench.folder.path().join("pids");
    let program = script(
        &bench,
        &format!("sleep 1000 & echo $! >> {0}; echo $$ >> {0}; yes & echo $! >> {0}; wait", pids.display()),
    );
    let mut slow = settings(program, &[]);
    slow.timeout_seconds = 2;
    slow.interval_seconds = 3600;
    let (batch, message) = first_run(&mut bench, slow).await;
    assert_eq!(value(&batch, "up"), 0.0);
    assert!(message.contains("killed after 2 s"), "{message}");
    let pids = fs::read_to_string(pids).unwrap();
    assert_eq!(pids.lines().count(), 3);
    for pid in pids.lines() {
        // A killed process without a wait for it still has an entry, in state Z.
        let has_ended = async || {
            fs::read_to_string(format!("/proc/{pid}/stat")).map_or(true, |stat| stat.contains(") Z "))
        };
        wait_until("the process ends", has_ended).await;
    }
    bench.stop().await;
}
