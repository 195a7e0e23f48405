//! Targets that answer hugely, many at once, and a false list of targets.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use anyhow::{Context as _, Result};
use model::EngineStatus;
use test_support::{
    counting_target::CountingTarget,
    engine_process::{EngineProcess, SETTINGS},
    wait::wait_until,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// Targets of the false list.
const TARGETS: usize = 300;
/// Memory that the attack may take beside what the engine had before.
const MAX_BYTES: u64 = 640 << 20;
/// Bytes of a response of a target. The limit of a job is above it.
const RESPONSE_BYTES: usize = 40 << 20;

/// Answers a request: a list of `targets`, or metrics of many bytes.
async fn answer(stream: &mut TcpStream, address: &str, targets: usize, scraped: &AtomicUsize) -> Result<()> {
    let mut request = vec![0; 8 << 10];
    let length = stream.read(&mut request).await?;
    let request = String::from_utf8_lossy(&request[..length]).into_owned();
    let head = |kind: &str| format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\nconnection: close\r\n\r\n");
    if request.starts_with("GET /list") {
        let group = |number: usize| {
            let labels = serde_json::json!({"__metrics_path__": format!("/metrics/{number}")});
            serde_json::json!({"targets": [address], "labels": labels})
        };
        let list: Vec<_> = (0..targets).map(group).collect();
        let text = head("application/json") + &serde_json::to_string(&list)?;
        return Ok(stream.write_all(text.as_bytes()).await?);
    }
    scraped.fetch_add(1, Ordering::Relaxed);
    stream.write_all(head("text/plain; version=0.0.4").as_bytes()).await?;
    let text = "x".repeat(4_000);
    let mut written = 0;
    while written < RESPONSE_BYTES {
        let line = format!("flood{{number=\"{written}\",text=\"{text}\"}} 1\n");
        stream.write_all(line.as_bytes()).await?;
        written += line.len();
    }
    Ok(())
}

/// Starts a server with a false list. Returns its address, and the number of scrapes.
async fn flood(targets: usize) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let scraped = Arc::new(AtomicUsize::new(0));
    let (of_server, counted) = (address.clone(), Arc::clone(&scraped));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (address, counted) = (of_server.clone(), Arc::clone(&counted));
            // A client that goes away ends its response.
            tokio::spawn(async move { answer(&mut stream, &address, targets, &counted).await });
        }
    });
    (address, scraped)
}

fn job(address: &str) -> String {
    format!(
        "\n[[scrape]]\nname = \"flood\"\ninterval_seconds = 2\ntimeout_seconds = 2\n\
         http_sd_configs = [{{ url = \"http://{address}/list\", refresh_interval = \"1s\" }}]\n"
    )
}

fn peak(engine: &EngineProcess) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", engine.process_id()?))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no peak")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? << 10)
}

/// Returns whether the message of a component contains some text.
fn says(status: &EngineStatus, component: &str, text: &str) -> bool {
    status.components.iter().any(|one| one.name == component && one.message.contains(text))
}

#[tokio::test(flavor = "multi_thread")]
async fn many_huge_responses_take_bounded_memory_and_leave_other_jobs_theirs() {
    let (address, scraped) = flood(TARGETS).await;
    let honest = CountingTarget::start().await.unwrap();
    let honest_job =
        format!("\n[[scrape]]\nname = \"honest\"\nurl = \"{}\"\ninterval_seconds = 1\n", honest.url());
    let settings = format!("{SETTINGS}\n[host]\nenabled = false\n{honest_job}");
    let mut engine = EngineProcess::prepare(&settings).unwrap();
    engine.start_again().await.unwrap();
    fs::write(format!("/proc/{}/clear_refs", engine.process_id().unwrap()), "5").unwrap();
    let before = peak(&engine).unwrap();
    fs::write(engine.settings_file(), settings + &job(&address)).unwrap();
    let all = wait_until("all targets answer", async || Ok(scraped.load(Ordering::Relaxed) >= 2 * TARGETS));
    all.await.unwrap();
    let waits = |status: &EngineStatus| says(status, "scrape flood", "no memory left for the response");
    engine.wait_for_status("responses without memory say so", waits).await.unwrap();
    let served = honest.served();
    let goes_on = wait_until("the other job goes on", async || Ok(honest.served() >= served + 3));
    goes_on.await.unwrap();
    let well = |status: &EngineStatus| {
        status.components.iter().any(|one| one.name == "scrape honest" && one.message.is_empty())
    };
    engine.wait_for_status("the other job has no problem", well).await.unwrap();
    let taken = peak(&engine).unwrap().saturating_sub(before);
    println!("{TARGETS} targets of {} MiB: {} MiB more", RESPONSE_BYTES >> 20, taken >> 20);
    assert!(taken < MAX_BYTES, "{} MiB", taken >> 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_too_many_targets_is_refused_with_words() {
    let (address, scraped) = flood(2_500).await;
    let mut engine =
        EngineProcess::prepare(&format!("{SETTINGS}\n[host]\nenabled = false\n{}", job(&address))).unwrap();
    engine.start_again().await.unwrap();
    let refused = |status: &EngineStatus| {
        says(status, "scrape flood", "2500 targets, the limit is 2000: none is scraped")
            && says(status, "scrape flood", "target_limit")
    };
    engine.wait_for_status("the limit is reported", refused).await.unwrap();
    assert_eq!(scraped.load(Ordering::Relaxed), 0);
}
